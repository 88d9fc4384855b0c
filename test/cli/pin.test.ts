import { tollgate } from './fake-world';

const PIN = '58392017';

describe('a PIN', () => {
  it.each(['add', 'pin'])('comes from stdin for account %s, and is shown nowhere', async (command) => {
    const ran = await tollgate(['account', command, '12', '--pin-stdin'], { stdin: `${PIN}\n` });
    expect(ran.asked[0]?.[1]).toMatchObject({ number: '12', pin: PIN });
    expect(ran.code).toBe(0);
    expect(ran.out + ran.err).not.toContain(PIN);
  });

  it('is asked twice at a terminal', async () => {
    const ran = await tollgate(['account', 'pin', '12', '--pin-stdin'], { typed: [PIN, PIN] });
    expect(ran.asked[0]?.[1]).toMatchObject({ pin: PIN });
    expect(ran.out + ran.err).not.toContain(PIN);
  });

  it('that was typed in two ways changes nothing', async () => {
    const ran = await tollgate(['account', 'pin', '12', '--pin-stdin'], { typed: [PIN, '58392018'] });
    expect(ran).toMatchObject({ code: 2, asked: [] });
    expect(ran.err).toContain('the two PINs differ');
    expect(ran.err).not.toContain('5839');
  });

  it('that never came on stdin is missed', async () => {
    const ran = await tollgate(['account', 'pin', '12', '--pin-stdin'], { stdin: '' });
    expect(ran).toMatchObject({ code: 2, asked: [] });
  });

  it('is never an argument, and is not repeated when somebody tries', async () => {
    for (const argv of [
      ['account', 'add', '12', '--pin', PIN],
      ['account', 'add', '12', `--pin=${PIN}`],
      ['account', 'add', '12', `--pin-stdin=${PIN}`],
      ['account', 'pin', '12', PIN],
    ]) {
      for (const json of [[], ['--json']]) {
        const ran = await tollgate([...argv, ...json]);
        expect(ran).toMatchObject({ code: 2, asked: [] });
        expect(ran.out + ran.err).not.toContain(PIN);
      }
    }
  });

  it('that was generated is shown once, where it was generated', async () => {
    expect((await tollgate(['account', 'add', '12'])).out.match(/83710465/g)).toHaveLength(1);
    expect((await tollgate(['account', 'show', '12'])).out).not.toContain('83710465');
  });
});
