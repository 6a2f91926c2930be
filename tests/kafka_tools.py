"""Kafka's own command-line tools from its jars, and the commands that our pages tell operators."""

import re
import subprocess
from pathlib import Path

from tests.engines import ROOT, kafka_jars

CLASSES = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}
"""The main class behind each script of Kafka's distribution."""
SCRIPT = """#!/bin/sh
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
    -cp "{jars}/*" {main} "$@"
"""
BIN = "/opt/kafka/bin/"
"""Where the official image has them."""
PATIENCE = 120


class KafkaTools:
    """A folder with the scripts of Kafka's distribution, each starting the same main class."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name, main in CLASSES.items():
            script = folder / name
            script.write_text(SCRIPT.format(jars=kafka_jars(), main=main), encoding="utf-8")
            script.chmod(0o755)

    def here(self, command: str, bootstrap: str) -> str:
        """Return a command of our files with the scripts and the broker of this machine."""
        told = re.sub(rf"(?:{re.escape(BIN)}|(?<![\w/]))(kafka-[a-z-]+\.sh)", self._script, command)
        return told.replace("localhost:9092", bootstrap)

    def _script(self, found: "re.Match[str]") -> str:
        assert found[1] in CLASSES, f"no main class is known for {found[1]}"
        return str(self.folder / found[1])

    def run(self, command: str, bootstrap: str) -> str:
        """Run a command line of our pages and return what it printed; it must end well."""
        done = subprocess.run(
            ["sh", "-c", self.here(command, bootstrap)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def told_commands(page: str, program: str) -> list[str]:
    """Return the command lines of a page that begin with a program, without their comments.

    A line that ends in a backslash goes on in the next.
    """
    text = (ROOT / "docs" / page).read_text("utf-8").replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    lines = (re.split(r"\s{2,}#", line)[0] for line in blocks.splitlines())
    return [line.strip() for line in lines if line.startswith(f"{program} ")]
