import { answerTo, authorization, cutMessages, header, readSip, writeSip } from '../../src/lab/sip-message';

it("answers RFC 2617's own challenge as RFC 2617 does", () => {
  const challenge =
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  const asked = { method: 'GET', uri: '/dir/index.html', cnonce: '0a4f113b' };
  const answer = authorization(challenge, asked, { user: 'Mufasa', password: 'Circle Of Life' });
  expect(answer).toContain('response="6629fae49393a05397450978507c4ef1"');
  expect(answer).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41"');
});

it('finds whole messages in a stream that is cut anywhere', () => {
  const stream =
    writeSip('SIP/2.0 200 OK', ['CSeq: 1 REGISTER'], 'body') + '\r\n\r\n' + writeSip('OPTIONS sip:a SIP/2.0', []);
  for (let cut = 0; cut <= stream.length; cut++) {
    const first = cutMessages(stream.slice(0, cut));
    const second = cutMessages(first.rest + stream.slice(cut));
    const heard = [...first.messages, ...second.messages].map(readSip);
    expect(heard.map(({ status, method, body }) => [status, method, body])).toEqual([
      [200, undefined, 'body'],
      [undefined, 'OPTIONS', ''],
    ]);
  }
});

it('sends back what a request must get back', () => {
  const request = readSip(
    writeSip('BYE sip:a SIP/2.0', ['Via: v1', 'Via: v2', 'From: f', 'CSeq: 2 BYE', 'X-Other: x']),
  );
  const answer = readSip(answerTo(request, '200 OK'));
  expect(answer.headers.map(([name, value]) => `${name}=${value}`)).toEqual([
    'via=v1',
    'via=v2',
    'from=f',
    'cseq=2 BYE',
    'content-length=0',
  ]);
  expect(header(answer, 'cseq')).toBe('2 BYE');
});
