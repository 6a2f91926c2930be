"""The portal: pages for the people of a practice, made on the server, usable without JavaScript."""
