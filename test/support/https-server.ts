/** A real https server of this machine that answers as a test wants. */
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpsServer {
  /** `https://localhost:…`. */
  readonly url: string;
  /** Whom a client has to trust. */
  readonly ca: string;
  readonly asked: IncomingMessage[];
  answer: RequestListener;
  close(): void;
}

export async function httpsServer(): Promise<HttpsServer> {
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost';
  const more = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', '-', '-out', '-'];
  const pem = execFileSync('openssl', [...request.split(' '), ...more], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const server: Server = createServer({ key: pem, cert: pem });
  const made: HttpsServer = {
    ...{ url: '', ca: pem.slice(pem.indexOf('-----BEGIN CERTIFICATE')), asked: [] },
    answer: (_request, response) => response.end(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  server.on('request', (request: IncomingMessage, response) => {
    made.asked.push(request);
    made.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return Object.assign(made, { url: `https://localhost:${(server.address() as AddressInfo).port}` });
}
