#!/bin/sh
# As tests/e2e/28, with the replica in a bucket.
S3=1
export S3
exec "$(dirname "$0")/../e2e/28-of-two-machines-the-older-one-stops.t"
