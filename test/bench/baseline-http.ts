// A bare node:http server that answers every request with one manifest's worth of bytes: node baseline-http.js PORT BYTES
import { createServer } from 'node:http';

const [port = '0', size = '0'] = process.argv.slice(2);
const body = Buffer.alloc(Number(size), '{"schemaVersion":2} ');
createServer((_request, response) => {
  response.writeHead(200, {
    'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
    'Content-Length': body.length,
  });
  response.end(body);
}).listen(Number(port), '127.0.0.1');
