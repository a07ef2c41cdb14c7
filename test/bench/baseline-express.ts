// The same as baseline-http.ts, as the one middleware of an Express application: node baseline-express.js PORT FOLDER
import express from 'express';
import { readBodies } from './baseline-bodies.js';

const [port = '0', folder = ''] = process.argv.slice(2);
const answerTo = readBodies(folder);
const app = express();
app.disable('x-powered-by');
app.use((request, response) => {
  const { type, body } = answerTo(request.path);
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
});
app.listen(Number(port), '127.0.0.1');
