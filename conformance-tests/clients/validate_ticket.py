"""Validates one CAS ticket with python-cas, as an application would.

    validate_ticket.py VERSION SERVER_URL SERVICE_URL TICKET

Prints {"user": … or null, "attributes": {…} or null} as JSON.
"""

import json
import sys

from cas import CASClient


def main() -> None:
    version, server_url, service_url, ticket = sys.argv[1:]
    client = CASClient(version=int(version), server_url=server_url, service_url=service_url)
    user, attributes, _pgtiou = client.verify_ticket(ticket)
    json.dump({"user": user or None, "attributes": attributes or None}, sys.stdout)


main()
