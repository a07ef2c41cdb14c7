import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import type { Express } from 'express';

type Messages = Required<Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>>;

/**
 * What a server makes its requests and responses of, so that they have the prototypes that `app` gives them from the start. Express
 * changes the prototype of each one otherwise, after which V8 has to learn anew where in these objects everything is.
 */
export function messagesFor(app: Express): Messages {
  class Request extends IncomingMessage {}
  class Response<R extends IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  // Express would make an empty one for each response, and nothing is kept there.
  Object.assign(Response.prototype, { locals: Object.freeze({}) });
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
}
