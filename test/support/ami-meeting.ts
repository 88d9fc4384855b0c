/** An AMI connection and the peer that it meets, anew for each test of a file. */
import { randomBytes } from 'node:crypto';
import { AmiConnection } from '../../src/asterisk/ami-connection';
import type { Frame } from '../../src/asterisk/ami-frame';
import type { Patience } from '../../src/asterisk/ami-settings';
import { clock } from '../../src/clock';
import type { AppError } from '../../src/errors';
import { amiPeer, type AmiPeer, type Answers, type Packets } from './ami-peer';

/** Both end with the test. */
export function amiMeeting() {
  let peer: AmiPeer;
  let connection: AmiConnection;
  const heard: Frame[] = [];
  beforeEach(() => void (heard.length = 0));
  afterEach(async () => {
    connection.close('the test is over');
    await peer.close();
  });
  function dial(port: number | string, patience: Partial<Patience> = {}): AmiConnection {
    const settings = { host: '127.0.0.1', port, user: 'tollgate', secret: 'p', patience };
    return (connection = new AmiConnection(settings, { clock, random: randomBytes }, (event) => heard.push(event)));
  }
  return {
    get peer() {
      return peer;
    },
    get connection() {
      return connection;
    },
    /** The events that the connection told of. */
    heard,
    meet: async (
      answers?: Answers,
      patience: Partial<Patience> = {},
      packets: Packets = {},
    ): Promise<AmiConnection> => {
      peer = await amiPeer(answers, packets);
      return dial(peer.port, patience);
    },
    dial,
    /** Why the connection has ended. */
    reason: () => (connection.ended.reason as AppError).what,
  };
}
