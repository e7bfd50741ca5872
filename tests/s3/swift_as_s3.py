"""What S3 does and Swift 2.30 does not; for tests/s3/server alone.

Swift is changed in memory, by replacing a method here and there.  Each change
asks whether it is still needed, so that a newer Swift keeps its own ways.
"""
import base64
import glob
import hashlib
import io
import json
import os
import time

from eventlet.semaphore import Semaphore
from swift.common.middleware.s3api import s3request
from swift.common.middleware.s3api.controllers import obj as s3object
from swift.common.middleware.s3api.s3response import (
    NoSuchKey, PreconditionFailed)
from swift.common.utils import Timestamp
from swift.container.backend import ContainerBroker
from swift.obj import diskfile, mem_diskfile

S3Request = s3request.S3Request


class Cache(object):
    """What tempauth and the proxy want of memcached, in a dict."""
    def __init__(self):
        self.values = {}

    def get(self, key, raise_on_error=False):
        value, until = self.values.get(key, (None, 0))
        if value is None or (until and until < time.time()):
            return None
        return json.loads(value)

    def set(self, key, value, serialize=True, time=0, min_compress_len=0,
            raise_on_error=False):
        if len(self.values) > 10000:
            self.values.clear()
        self.values[key] = (json.dumps(value), time and now() + time)

    def delete(self, key, server_key=None):
        self.values.pop(key, None)

    def incr(self, key, delta=1, time=0):
        value = max(0, (self.get(key) or 0) + delta)
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -delta, time)

    def get_multi(self, keys, server_key=None):
        return [self.get(key) for key in keys]

    def set_multi(self, mapping, server_key=None, serialize=True, time=0,
                  min_compress_len=0):
        for key, value in mapping.items():
            self.set(key, value, time=time)


now = time.time         # set() has an argument called time


def memory_is_read_by_many():
    """Swift's store in memory gives all readers one buffer and one position
    in it.  (BytesIO shares the bytes until somebody writes.)"""
    def get_object(self, name):
        fp, metadata = self._filesystem.get(name) or (None, None)
        if fp is None:
            return None, None
        return io.BytesIO(fp.getvalue()), dict(metadata)
    mem_diskfile.InMemoryFileSystem.get_object = get_object


# --- conditional PUT --------------------------------------------------------

OVERRIDE = 'x-object-sysmeta-container-update-override-'


def kept(device):
    """{path: what a listing says of it} of all objects of a device."""
    found = {}
    for directory in glob.glob(os.path.join(device, 'objects', '*', '*', '*')):
        files = sorted(os.listdir(directory), reverse=True)
        if not files or not files[0].endswith('.data'):
            continue
        data = os.path.join(directory, files[0])
        metadata = diskfile.read_metadata(data)
        listed = {'size': metadata['Content-Length'],
                  'content-type': metadata['Content-Type'],
                  'etag': metadata['ETag'],
                  'timestamp': metadata['X-Timestamp']}
        for key, value in metadata.items():
            if key.lower().startswith(OVERRIDE):
                listed[key.lower()[len(OVERRIDE):]] = value
        found[metadata['name']] = listed
    return found


def what_is_kept_is_listed(device):
    """Swift keeps an object first and lists it then: killed between the two it
    has one that no listing ever shows, or shows one that it has no more.  To
    S3 these are one step; so what was left undone is done, before it serves."""
    objects = kept(device)
    for database in glob.glob(
            os.path.join(device, 'containers', '*', '*', '*', '*.db')):
        broker = ContainerBroker(database)
        info = broker.get_info()
        bucket = '/%s/%s/' % (info['account'], info['container'])
        names = {name[len(bucket):]: listed for name, listed in objects.items()
                 if name.startswith(bucket)}
        shown = {row[0]: row[1] for row in broker.list_objects_iter(
            1 << 30, '', None, None, '')}
        for name, listed in names.items():
            if shown.get(name, '') < listed['timestamp']:
                broker.put_object(
                    name, listed['timestamp'], int(listed['size']),
                    listed['content-type'], listed['etag'])
        for name in set(shown) - set(names):
            broker.delete_object(name, Timestamp.now().internal)


class KeyLock(object):
    """One writer of a key at a time; all requests are in this process."""
    held = {}           # key: [semaphore, how many want it]

    def __init__(self, key):
        self.key = key

    def __enter__(self):
        entry = self.held.setdefault(self.key, [Semaphore(1), 0])
        entry[1] += 1
        entry[0].acquire()

    def __exit__(self, *_):
        entry = self.held[self.key]
        entry[0].release()
        entry[1] -= 1
        if not entry[1]:
            del self.held[self.key]


CONDITIONS = ('HTTP_IF_MATCH', 'HTTP_IF_NONE_MATCH')


def check_conditions(match, none_match, etag, name):
    """etag: of what is there; None = nothing."""
    def names(condition):
        return condition.strip() == '*' or etag in [
            tag.strip().strip('"') for tag in condition.split(',')]

    if match is not None and etag is None:
        raise NoSuchKey(name)
    if match is not None and not names(match):
        raise PreconditionFailed()
    if none_match is not None and etag is not None and names(none_match):
        raise PreconditionFailed()


def puts_are_conditional():
    """Swift answers 501 to a PUT with If-Match or If-None-Match."""
    validate = S3Request._validate_headers
    plain_put = s3object.ObjectController.PUT

    def validate_without_conditions(self):
        env, held = self.environ, {}
        if env['REQUEST_METHOD'] == 'PUT':
            held = {c: env.pop(c) for c in CONDITIONS if c in env}
        validate(self)
        env.update(held)                # the signature may cover them

    def put(self, req):
        match, none_match = [req.environ.pop(c, None) for c in CONDITIONS]
        # A plain PUT takes the lock too: it must not slip in between.
        with KeyLock((req.container_name, req.object_name)):
            if match is not None or none_match is not None:
                try:
                    head = req.get_response(self.app, 'HEAD')
                    etag = head.headers.get('ETag', '').strip('"')
                except NoSuchKey:
                    etag = None
                check_conditions(match, none_match, etag, req.object_name)
            return plain_put(self, req)
    put.publicly_accessible = True
    S3Request._validate_headers = validate_without_conditions
    s3object.ObjectController.PUT = put


# --- x-amz-checksum-* -------------------------------------------------------

class Crc(object):
    """A reflected CRC that begins and ends with all ones, like hashlib's."""
    tables = {}

    def __init__(self, bits, polynomial):
        self.mask = self.value = (1 << bits) - 1
        self.digits = bits // 4
        if polynomial not in self.tables:
            table = self.tables[polynomial] = []
            for value in range(256):
                for _ in range(8):
                    value = value >> 1 ^ (polynomial if value & 1 else 0)
                table.append(value)
        self.table = self.tables[polynomial]

    def update(self, data):
        value, table = self.value, self.table
        for byte in data:
            value = value >> 8 ^ table[(value ^ byte) & 255]
        self.value = value

    def hexdigest(self):
        return '%0*x' % (self.digits, self.value ^ self.mask)


CHECKSUMS = {
    'CRC32': lambda: Crc(32, 0xedb88320),
    'CRC32C': lambda: Crc(32, 0x82f63b78),
    'CRC64NVME': lambda: Crc(64, 0x9a6c9329ac4bc9b5),
    'SHA1': hashlib.sha1,
    'SHA256': hashlib.sha256,
}
NEEDED = not hasattr(s3request, 'ChecksummingInput') \
    and hasattr(S3Request, 'check_md5')         # Swift checks from 2.35 on


def checksums_are_checked():
    """A batch delete needs Content-MD5 or another checksum, not MD5 alone."""
    if not NEEDED:
        return
    check_md5 = S3Request.check_md5

    def check(self, body):
        if 'HTTP_CONTENT_MD5' in self.environ or \
                'tests.checksum' not in self.environ:
            check_md5(self, body)
    S3Request.check_md5 = check


def amend_request(env):
    """Before Swift sees it."""
    length = env.get('CONTENT_LENGTH') or ''
    if not length.isdigit():
        return
    # S3 decides about conditions when all of the body is there, so that an
    # upload that stalls holds nobody up.
    if env['REQUEST_METHOD'] == 'PUT' and 0 < int(length) <= 64 << 20:
        wire = env['wsgi.input']
        env['wsgi.input'] = io.BytesIO(
            b''.join(iter(lambda: wire.read(65536), b'')))
    for name, new in CHECKSUMS.items() if NEEDED else ():
        checksum = env.get('HTTP_X_AMZ_CHECKSUM_' + name)
        if not checksum:
            continue
        try:
            want = base64.b64decode(checksum, validate=True).hex()
        except ValueError:
            want = 'malformed'
        if length == '0':
            if new().hexdigest() != want:
                env['HTTP_CONTENT_MD5'] = '!'           # is InvalidDigest
            continue
        env['wsgi.input'] = s3request.HashingInput(
            env['wsgi.input'], int(length), new, want)
        env['tests.checksum'] = True
