"""Asterisk's end of AGI(): starts a script for each call, describes the call and confirms what the script sets.

Arguments: the script's command line. Reads lines "CALLS ADDRESS", one call after another, and answers each line with
JSON: the STRANGER that was set last, and the milliseconds from the start of each process to its end.
"""
import json
import subprocess
import sys
import time

CALL = b'agi_network: no\nagi_channel: PJSIP/carrier-1\nagi_language: en\nagi_callerid: 4930123456\n\n'

for line in sys.stdin:
    calls, address = line.split()
    stranger, taken = None, []
    for _ in range(int(calls)):
        began = time.monotonic()
        script = subprocess.Popen([*sys.argv[1:], address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        script.stdin.write(CALL)
        script.stdin.flush()
        for command in script.stdout:
            if command.startswith(b'SET VARIABLE STRANGER '):
                stranger = command.split(b'"')[1].decode()
            script.stdin.write(b'200 result=1\n')
            script.stdin.flush()
        script.wait()
        taken.append((time.monotonic() - began) * 1000)
    print(json.dumps([stranger, taken]), flush=True)
