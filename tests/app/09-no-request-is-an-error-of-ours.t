#!/bin/sh
# Requests made from the API's own description: whatever is sent, the answer is
# one that the description has, in its schema, and none is an error of ours.
. "$(dirname "$0")/../lib.sh"

# mails wait for a server that is not there
house_new 'response.rows = 500' 'signup = open' 'mail.url = smtp://127.0.0.1:1' \
    'mail.from = no-reply@rowhouse.example'
tenant_new acme
house_start
said=$(/usr/bin/python3 "$ROOT/tests/app/requests.py" "$PORT" acme.localhost \
    owner@acme.example "$PASSWORD" 2>requests.log)
is 'every answer is described, and none is a 5xx' "$? $said" '0 '
diag "$(cat requests.log)"
like 'and there were many' "$(cat requests.log)" '^[0-9]{4,} requests'
said=$(ROUNDS=60 /usr/bin/python3 "$ROOT/tests/app/requests.py" "$PORT" localhost \
    - "$(cat "$DATA/operator.token")" 2>requests.log)
is 'nor on the host of the platform, to its operator' "$? $said" '0 '
diag "$(cat requests.log)"
is 'no worker crashed' "$(grep -c 'crashed\|signal' serve.log)" 0

done_testing
