"""What no log line may hold."""

import re

from tests.house import House
from tests.people import PASSWORD

# A traceback, a failure, a token, a password.
UNWANTED = re.compile(rf"Traceback|eyJ[\w-]{{8,}}\.[\w-]+|{re.escape(PASSWORD)}| ERROR | CRITICAL ")


def unwanted_lines(house: House) -> list[str]:
    return [line for line in house.log().splitlines() if UNWANTED.search(line)]
