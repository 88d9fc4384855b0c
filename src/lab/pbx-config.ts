/** The demo's PBX: one extension, one carrier, one number to dial. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { baseConfig } from './asterisk';
import { checkout } from './checkout';
import { CALL_LOG } from './transcript';

export interface PbxSettings {
  readonly extension: string;
  readonly password: string;
  readonly carrier: string;
  readonly amiSecret: string;
}

/** Files in /etc/asterisk: name -> text. The dialplan and the AMI user are the ones that ship. */
export async function pbxConfig({
  extension,
  password,
  carrier,
  amiSecret,
}: PbxSettings): Promise<Record<string, string>> {
  const base = await baseConfig();
  const shipped = (name: string) => readFile(join(checkout(), 'dialplan', name), 'utf8');
  const manager = (await shipped('manager-tollgate.conf')).replace('@SECRET@', amiSecret);
  return {
    'logger.conf': CALL_LOG,
    'manager.conf': `${base['manager.conf'] ?? ''}\n${manager}`,
    'extensions-tollgate.conf': await shipped('extensions-tollgate.conf'),
    'extensions.conf': `
[from-carrier]
exten => _X.,1,Goto(tollgate-travelin-man,s,1)
[phones]
exten => 600,1,Answer()
 same => n,Echo()
#include extensions-tollgate.conf
`,
    'pjsip.conf': `${base['pjsip.conf'] ?? ''}
[${extension}]
type = endpoint
context = phones
disallow = all
allow = ulaw
dtmf_mode = rfc4733
direct_media = no
auth = ${extension}
aors = ${extension}
[${extension}]
type = auth
auth_type = digest
username = ${extension}
password = ${password}
[${extension}]
type = aor
max_contacts = 10
qualify_frequency = 2

[carrier]
type = endpoint
context = from-carrier
disallow = all
allow = ulaw
dtmf_mode = rfc4733
direct_media = no
aors = carrier
[carrier]
type = aor
contact = sip:${carrier}:5060
[carrier]
type = identify
endpoint = carrier
match = ${carrier}
`,
  };
}
