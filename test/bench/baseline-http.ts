// A bare node:http server that answers what a registry would, from memory: node baseline-http.js PORT FOLDER
import { createServer } from 'node:http';
import { readBodies } from './baseline-bodies.js';

const [port = '0', folder = ''] = process.argv.slice(2);
const answerTo = readBodies(folder);
createServer((request, response) => {
  const { type, body } = answerTo(request.url ?? '');
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}).listen(Number(port), '127.0.0.1');
