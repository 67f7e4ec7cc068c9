"""Reward programs that want something else, as text; `{secret}`, `{folder}`, `{pid}` are filled in.

Each one works where it is executed as plain Python with NumPy as `xp`: then it returns a component
`a` of 1.0, or has changed what it was handed. `behind` names what stops it where the first layer is
off; nothing is named where it only harms itself, inside a process that is locked and judged by
others.
"""

from typing import NamedTuple


class Text(NamedTuple):
    """One program."""

    body: str
    """Lines of `reward(state, action, xp, info=None)`, or a whole module that defines it."""
    code: str
    """The finding that refuses it."""
    behind: str = ""
    """Layers that stop the text itself: `landlock`, `seccomp`, `rlimits`."""
    is_module: bool = False


def source(text: Text) -> str:
    """The whole module."""
    if text.is_module:
        return text.body
    lines = "\n".join(f"    {line}" for line in text.body.splitlines())
    return f"def reward(state, action, xp):\n{lines}\n"


TEXTS: dict[str, Text] = {
    # ecosystem.md, part 1, in its order.
    "import os and list a folder": Text(
        "import os\nreturn {{'a': float('secret.txt' in os.listdir('{folder}'))}}",
        "import", "landlock"),
    "import by function": Text(
        "os = __import__('os')\nreturn {{'a': float(bool(os.listdir('{folder}')))}}",
        "forbidden-name", "landlock"),
    "open a secret": Text(
        "return {{'a': float(b'sk-' in open('{secret}', 'rb').read())}}", "unknown-name",
        "landlock"),
    "eval": Text("return {{'a': eval('1.0')}}", "unknown-name"),
    "exec": Text("exec('b = 1.0')\nreturn {{'a': 1.0}}", "unknown-name"),
    "compile": Text("return {{'a': float(bool(compile('1', 'x', 'eval')))}}", "unknown-name"),
    "climb to all classes": Text(
        "return {{'a': float(len(().__class__.__base__.__subclasses__()) > 10)}}",
        "forbidden-attribute"),
    "attribute by a built name": Text(
        "return {{'a': float(bool(getattr((), '__cl' + 'ass__')))}}", "unknown-name"),
    "format": Text("return {{'a': float('class' in '{{0.__class__}}'.format(xp))}}",
                   "forbidden-attribute"),
    "format by map": Text(
        "return {{'a': float('class' in '{{x.__class__}}'.format_map({{'x': xp}}))}}",
        "forbidden-attribute"),
    "f-string": Text("return {{'a': float(len(f'{{xp.__loader__}}') > 3)}}", "forbidden-syntax"),
    "frame of a generator": Text(
        "g = (1.0 for _ in [1])\nreturn {{'a': float(bool(g.gi_frame.f_globals))}}",
        "forbidden-attribute"),
    "frame of a traceback": Text(
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
        "    return {{'a': float(bool(e.__traceback__.tb_frame.f_back))}}", "forbidden-syntax"),
    "match on a class": Text(
        "match xp:\n    case object(__dict__=d):\n        return {{'a': float(len(d) > 5)}}",
        "forbidden-syntax"),
    "load a pickle": Text(
        "v = xp.load('{folder}/evil.npy', allow_pickle=True)\n"
        "return {{'a': float(v.shape == (1,))}}",
        "unknown-function", "landlock"),
    "read by NumPy": Text(
        "return {{'a': float(xp.fromfile('{secret}', dtype='u1')[0] == 115)}}",
        "unknown-function", "landlock"),
    "write by a memory map": Text(
        "m = xp.memmap('{folder}/pwn.bin', mode='w+', shape=(4,))\nreturn {{'a': 1.0}}",
        "unknown-function", "landlock seccomp"),
    "write by an array": Text(
        "state.hand.tofile('{folder}/pwn.bin')\nreturn {{'a': 1.0}}", "forbidden-attribute",
        "landlock seccomp"),
    "dump an array": Text("state.hand.dump('{folder}/pwn.pkl')\nreturn {{'a': 1.0}}",
                          "forbidden-attribute", "landlock seccomp"),
    "write by savetxt": Text("xp.savetxt('{folder}/pwn.txt', state.hand)\nreturn {{'a': 1.0}}",
                             "unknown-function", "landlock seccomp"),
    "read by genfromtxt": Text(
        "return {{'a': float(xp.genfromtxt('{secret}', dtype=str) == 'sk-secret')}}",
        "unknown-function", "landlock"),
    "call C": Text(
        "import ctypes\nreturn {{'a': float(ctypes.CDLL(None).open(b'{secret}', 0) >= 0)}}",
        "import", "landlock"),
    "C through NumPy": Text(
        "return {{'a': float(xp.ctypeslib.ctypes.CDLL(None).getpid() > 0)}}",
        "unknown-function"),
    "system through NumPy": Text(
        "return {{'a': float('secret.txt' in xp.f2py.os.listdir('{folder}'))}}",
        "unknown-function", "landlock"),
    "run a text through NumPy": Text(
        "xp.testing.measure('b = 1')\nreturn {{'a': 1.0}}", "unknown-function"),
    "address of an array": Text("return {{'a': float(state.hand.ctypes.data > 0)}}",
                                "forbidden-attribute"),
    "read beyond an array": Text(
        "v = xp.lib.stride_tricks.as_strided(state.hand, (10,), (8,))\n"
        "return {{'a': float(v.shape == (10,))}}", "unknown-function"),
    "long loop": Text("for i in range(10**9):\n    pass\nreturn {{'a': 1.0}}", "too-large",
                      "rlimits"),
    "endless loop": Text("while True:\n    pass\nreturn {{'a': 1.0}}", "forbidden-syntax",
                         "rlimits"),
    "huge array": Text("return {{'a': float(len(xp.empty(10**8)) == 10**8)}}",
                       "unknown-function", "rlimits"),
    "huge list": Text("return {{'a': float(len([0] * 10**8) == 10**8)}}", "too-large", "rlimits"),
    "change the observation": Text("state.hand[:] = 0.0\nreturn {{'a': 0.0}}", "bad-target"),
    "change the action": Text("action[0] = 0.0\nreturn {{'a': 0.0}}", "bad-target"),
    "change the state": Text("state.x = 9.0\nreturn {{'a': 0.0}}", "forbidden-syntax"),
    "report success in info": Text(
        "def reward(state, action, info):\n    info['success'] = True\n    return {{'a': 0.0}}\n",
        "unknown-argument", is_module=True),
    "read the judge's verdict": Text(
        "def reward(state, info):\n    return {{'a': float(info['is_success'] == 0)}}\n",
        "unknown-argument", is_module=True),
    "change a hidden attribute": Text(
        "def reward(self, action):\n    self.prev_shaping = -1e6\n    return {{'a': 0.0}}\n",
        "forbidden-syntax", is_module=True),
    "cache in a default": Text(
        "def reward(state, cache=[]):\n    cache.append(1)\n"
        "    return {{'a': float(len(cache))}}\n",
        "bad-arguments", is_module=True),
    "patch the library": Text("xp.sum = abs\nreturn {{'a': 0.0}}", "forbidden-syntax"),
    "lift read-only": Text(
        "frozen = state.hand\nfrozen.flags.writeable = True\nfrozen[0] = 5.0\nreturn {{'a': 0.0}}",
        "forbidden-syntax"),
    "end the process": Text("raise SystemExit", "forbidden-syntax"),
    "end it by a keyboard interrupt": Text("raise KeyboardInterrupt", "forbidden-syntax"),
    "turn off the alarm": Text(
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nreturn {{'a': 1.0}}", "import",
        "seccomp"),
    "end the driver": Text("import os\nos.kill({pid}, 0)\nreturn {{'a': 1.0}}", "import",
                           "seccomp landlock"),
    "send a secret by a socket": Text(
        "import socket\nsocket.socket(type=socket.SOCK_DGRAM).close()\nreturn {{'a': 1.0}}",
        "import", "seccomp"),
    "read keys from the environment": Text(
        "import os\nreturn {{'a': float('OPENAI_API_KEY' in os.environ)}}", "import",
        "descriptors"),
    "fork bomb": Text(
        "import os\nfor _ in range(3):\n    pid = os.fork()\n    if pid == 0:\n"
        "        os._exit(0)\n    os.waitpid(pid, 0)\nreturn {{'a': 1.0}}", "import", "seccomp"),
    "print flood": Text("for _ in range(3):\n    print('x' * 10)\nreturn {{'a': 1.0}}",
                        "unknown-name"),
    "decorator": Text(
        "def same(f):\n    return f\n@same\ndef reward(state):\n    return {{'a': 1.0}}\n",
        "forbidden-syntax", is_module=True),
    "apply a builtin along an axis": Text(
        "return {{'a': float(xp.apply_along_axis(max, 0, state.hand) > 0)}}", "unknown-function"),
    "import everything": Text(
        "from os import *\ndef reward(state):\n    return {{'a': float(getpid() > 0)}}\n", "import",
        is_module=True),
    "not deterministic": Text("return {{'a': 1.0 + 0.0 * xp.random.rand()}}", "unknown-function"),
    "slow": Text("import time\ntime.sleep(0.001)\nreturn {{'a': 1.0}}", "import"),
    "start a thread": Text(
        "import threading\nt = threading.Thread(target=int)\nt.start()\nt.join()\n"
        "return {{'a': 1.0}}", "import", "seccomp"),
    "link out of the folder": Text(
        "import os\nos.symlink('/etc/passwd', '{folder}/out')\nreturn {{'a': 1.0}}", "import",
        "seccomp landlock"),
    "write its own metrics": Text(
        "with open('{folder}/metrics.jsonl', 'a') as f:\n    f.write('1')\nreturn {{'a': 1.0}}",
        "forbidden-syntax", "landlock seccomp"),
    # Our own.
    "hide in a function never called": Text(
        "def evil(v):\n    return v.__dict__\ndef reward(state):\n    return {{'a': 1.0}}\n",
        "forbidden-attribute", is_module=True),
    "hide behind a parameter's name": Text(
        "PARAMS = {{'tofile': 1.0}}\ndef reward(state):\n"
        "    state.hand.tofile('{folder}/pwn2.bin')\n    return {{'a': 1.0}}\n",
        "forbidden-attribute", "landlock seccomp", is_module=True),
    "look up the stack": Text(
        "import sys\nreturn {{'a': float(bool(sys._getframe(1).f_globals))}}", "import"),
    "list every object": Text(
        "import gc\nreturn {{'a': float(len(gc.get_objects()) > 10)}}", "import"),
    "class with an attribute hook": Text(
        "class A:\n    def __getattr__(self, name):\n        return 1.0\n"
        "def reward(state):\n    return {{'a': A().secret}}\n", "forbidden-syntax",
        is_module=True),
    "coroutine": Text("async def reward(state):\n    return {{'a': 1.0}}\n", "forbidden-syntax",
                      is_module=True),
    "walrus in a comprehension": Text("return {{'a': [z := 1.0 for _ in [1]][0]}}",
                                      "forbidden-syntax"),
    "global state": Text("global z\nz = 1.0\nreturn {{'a': z}}", "forbidden-syntax"),
    "state on the function": Text("reward.calls = 1.0\nreturn {{'a': reward.calls}}",
                                  "forbidden-syntax"),
    "confusable dunder": Text(
        "return {{'a': float(bool(().__\uff43lass__))}}", "non-ascii"),
    "source cookie": Text("# coding: utf-7\n+AGkAbQBwAG8AcgB0-\n"
                          "def reward(state):\n    return {{'a': 1.0}}\n", "syntax-error",
                          is_module=True),
    "carriage return hides a line": Text(
        "def reward(state):\n    # harmless\r    b = ().__class__\n    return {{'a': 1.0}}\n",
        "control-character", is_module=True),
    "bidirectional comment": Text(
        "return {{'a': 1.0}}  # \u202e evil", "control-character"),
}  # fmt: skip

BOMBS: dict[str, str] = {
    "tuple of itself, doubled sixty times": "    a = (1.0, 1.0)\n" + "    a = (a, a)\n" * 60
    + "    return {'a': xp.sum(a)}\n",
    "list of itself, doubled sixty times": "    a = [state.x]\n" + "    a = [a, a]\n" * 60
    + "    return {'a': xp.sum(a)}\n",
    "dictionary of itself, doubled": "    a = {'x': 1.0}\n" + "    a = {'x': a, 'y': a}\n" * 40
    + "    return a\n",
    "list times list times list": "    a = (1.0,) * 4000\n    b = (a,) * 4000\n"
    "    c = (b,) * 4000\n    return {'a': xp.sum(c)}\n",
    "list that grows behind another": "    a = [1.0]\n    b = [a] * 4000\n"
    "    a.extend([1.0] * 4000)\n    return {'a': xp.sum(b)}\n",
    "list that holds itself": "    a = []\n    a.append(a)\n    return {'a': xp.sum(a)}\n",
    "dictionary that holds itself": "    a = {}\n    a['x'] = a\n    return a\n",
    "tuples compared": "    a = (1.0,)\n    b = (1.0,)\n" + "    a = (a, a)\n    b = (b, b)\n" * 40
    + "    return {'a': 1.0 if a == b else 0.0}\n",
    "functions that call twice": "    return {'a': f39(state.x)}\n",
    "functions nested past the stack": "    return {'a': g14(state.x)}\n",
    "loops in loops": "    t = 0.0\n    for i in range(900):\n        for j in range(900):\n"
    "            for k in range(900):\n                t = t + i * j * k\n    return {'a': t}\n",
    "columns zipped": "    a = [1.0] * 4000\n    b = zip(*[a, a, a, a, a, a, a, a, a])\n"
    "    return {'a': 1.0}\n",
    "more operations than fit": "    a = [i for i in range(4096)]\n"
    "    b = [xp.sin(x * state.x) for x in a]\n    c = [xp.sin(x) for x in b]\n"
    "    d = [xp.sin(x) for x in c]\n    return {'a': xp.sum(d)}\n",
    "power of powers": "    return {'a': 9**9**9}\n",
    "string of a gigabyte": "    return {'a': 'a' * 10**9}\n",
    "signs, sixty thousand": "    return {'a': " + "-" * 60_000 + "1}\n",
    "additions, thirty thousand": "    return {'a': " + "1+" * 30_000 + "1}\n",
    "attributes, thirty thousand": "    return {'a': state" + ".x" * 30_000 + "}\n",
    "parentheses, three hundred": "    return {'a': " + "(" * 300 + "1" + ")" * 300 + "}\n",
    "a megabyte of text": "    # " + "x" * 2**20 + "\n    return {'a': 1.0}\n",
    "three thousand unknown names": "".join(f"    z = q{i:04d}\n" for i in range(3000))
    + "    return {'a': 1.0}\n",
}  # fmt: skip
"""Bodies that are aimed at whoever reads them: the driver, which is behind no limit of the kernel.
Each is refused within a second or two, by the reader's own count of work."""

_DOUBLING = "def f0(v):\n    return v + 1.0\n" + "".join(
    f"def f{i}(v):\n    return f{i - 1}(v) + f{i - 1}(v * 2.0)\n" for i in range(1, 40)
)
_NESTED = "def g0(v):\n    return v\n" + "".join(
    f"def g{i}(v):\n    return {'-(' * 50}g{i - 1}(v){')' * 50}\n" for i in range(1, 15)
)


def bomb(name: str) -> str:
    """The whole module of a bomb."""
    helpers = {"functions that call twice": _DOUBLING, "functions nested past the stack": _NESTED}
    return helpers.get(name, "") + "def reward(state, action, xp):\n" + BOMBS[name]
