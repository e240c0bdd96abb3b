"""The command `onrecord verify`."""


def run(settings, console):
    return True
