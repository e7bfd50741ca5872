#!/bin/sh
# As 35, with the replica in a bucket.
S3=1 ROUNDS=3
export S3 ROUNDS
exec "$(dirname "$0")/35-a-replicated-answer-outlives-the-machine.t"
