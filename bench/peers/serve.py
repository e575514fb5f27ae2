"""A peer as a process that is told what to do: one JSON request a line on stdin, one answer a line on stdout.

The first line, unasked, says that the model is loaded, with {"versions": …, "work": names}. A request is
{"do": name, "calls": n, "position": p}: the work is done n times, the answer {"ms": median of the calls} holds what the
last of them gave beside it ("text", "tokens"), or is {"error": …}. Whatever libraries print goes to stderr.

The work, the same as the other side's: "text" (decoded audio in, English, greedy, temperature 0, timestamps on, context
of previous text on, no voice detection), "mel", "encoder", "detect", "prefill" (the three opening tokens), "decode" (one
token at a position), "window" (the opening and every step of a window that has been encoded). A peer offers what its
library lets be called by itself.
"""

import json
import os
import statistics
import sys
import time
import wave

import numpy as np

# Start of transcript, English, transcribe; and any word.
OPENING = [50258, 50259, 50359]
WORD = 400


def read_wav(path):
    with wave.open(path) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
            raise ValueError("16 kHz, one channel, 16 bits are wanted")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / 32768


def answer(work, request):
    do = work[request["do"]]
    arguments = [request["position"]] if "position" in request else []
    times = []
    for _ in range(request.get("calls", 1)):
        start = time.perf_counter()
        given = do(*arguments)
        times.append((time.perf_counter() - start) * 1000)
    return {**(given if isinstance(given, dict) else {}), "ms": statistics.median(times)}


def serve(versions, work, prepare=None):
    """`prepare(position)`, before decode steps: what need not be timed."""
    # Libraries print; answers go where stdout was.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(value):
        print(json.dumps(value), file=out, flush=True)

    say({"versions": versions, "work": sorted(work)})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if prepare and "position" in request:
                prepare(request["position"])
            say(answer(work, request))
        except Exception as error:  # whatever it is, the other side wants to know
            say({"error": f"{type(error).__name__}: {error}".splitlines()[0]})
