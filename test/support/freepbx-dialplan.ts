/** A dialplan of the shape that FreePBX 16 and 17 generate, in our own words: what a hook has to live with. */

/** The order in which FreePBX's extensions.conf reads its files. */
export const FREEPBX_INCLUDES = `
#include extensions_override_freepbx.conf
#include extensions_additional.conf
`;

/** The generated file. A call that comes through reaches \`inside\`. */
export const FREEPBX_GENERATED = `
[from-trunk]
include => from-pstn
[from-pstn]
include => from-pstn-custom
include => ext-did
[from-pstn-custom]
[ext-did]
include => ext-did-0001
[ext-did-0001]
exten => _X.,1,Set(__DIRECTION=INBOUND)
 same => n,Set(__FROM_DID=\${EXTEN})
 same => n(did),Set(returnhere=1)
 same => n,Gosub(app-blacklist-check,s,1())
 same => n(callerid),GotoIf($["\${BLDEST}" != ""]?\${BLDEST})
 same => n(dest-ext),Goto(inside,\${EXTEN},1)
[app-blacklist-check]
include => app-blacklist-check-custom
exten => s,1(check),GotoIf($["\${BLACKLIST()}" = "1"]?blacklisted)
 same => n,Return()
 same => n(blacklisted),Answer()
 same => n,Set(BLDEST=app-blackhole,hangup,1)
 same => n,Return()
[app-blacklist-check-custom]
[app-blackhole]
exten => hangup,1,Hangup()
exten => zapateller,1,Answer()
 same => n,Zapateller()
 same => n,Hangup()
[from-sip-external]
exten => _.,1,NoOp(Received incoming SIP connection from unknown peer to \${EXTEN})
exten => _.,n,Set(DID=\${IF($["\${EXTEN:1:2}"=""]?s:\${EXTEN})})
exten => _.,n,Goto(s,1)
exten => s,1,GotoIf($["\${ALLOW_SIP_ANON}" = "yes"]?from-trunk,\${DID},1)
 same => n,Answer()
 same => n,Playback(ss-noservice)
 same => n,Hangup()
exten => h,1,NoOp(Hangup)
exten => i,1,NoOp(Invalid)
exten => t,1,NoOp(Timeout)
`;
