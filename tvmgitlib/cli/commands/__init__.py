"""The commands, one a module; each module's command is called `command`."""
