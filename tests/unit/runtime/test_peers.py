from libs.runtime.settings import Settings


def test_services_on_hosts_of_their_own_are_found_by_a_pattern() -> None:
    assert Settings(peers="https://{service}.intern").peer("dunning") == "https://dunning.intern"


def test_several_services_on_one_machine_are_found_by_their_ports() -> None:
    settings = Settings(peers="ingest=http://127.0.0.1:8001,dunning=http://127.0.0.1:8002")
    assert settings.peer("dunning") == "http://127.0.0.1:8002"
