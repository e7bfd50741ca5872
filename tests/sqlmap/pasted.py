"""A page that does what Rowhouse never does: it pastes ?id= into SQL."""
import http.server
import sqlite3
import sys
import urllib.parse


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        db = sqlite3.connect(":memory:")
        db.executescript("CREATE TABLE t (id, a); INSERT INTO t VALUES (1, 'one'), (2, 'two')")
        try:
            text = str(db.execute("SELECT * FROM t WHERE id = " + query["id"][0]).fetchall())
        except (sqlite3.Error, KeyError) as error:
            text = "SQLite error: %s" % error
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


server = http.server.HTTPServer(("127.0.0.1", 0), Page)
print(server.server_port)
sys.stdout.flush()
server.serve_forever()
