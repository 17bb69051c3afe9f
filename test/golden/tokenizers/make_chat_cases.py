"""Writes chat.json: chats through Jinja templates of the published kinds.

    python test/golden/tokenizers/make_chat_cases.py      # transformers 5.23.0, jinja2 3.1.6
"""
import json
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

assert (version("transformers"), version("jinja2")) == ("5.23.0", "3.1.6")

TEMPLATES = {
    "marked": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "bracketed": "{%- if messages[0]['role'] == 'system' -%}{%- set system = messages[0]['content'] -%}{%- set messages = messages[1:] -%}{%- endif -%}{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' ~ (system ~ '\n\n' if loop.first and system is defined else '') ~ message.content | trim ~ ' [/INST]' }}{% else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}",
    "lines": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    "tools": "{% if tools %}{% for tool in tools %}{{ tool | tojson(indent=2) }}\n{% endfor %}{% endif %}{% for m in messages if m.role != 'system' %}{{ loop.index }}. {{ m.role | upper }}: {% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}{{ part.type }}={{ part.text | default('-') }};{% endfor %}{% endif %}\n{% endfor %}{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
}
CHATS = [
    [{"role": "user", "content": "Hello, who are you?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " What is 2+2? "}, {"role": "assistant", "content": "Four."}, {"role": "user", "content": "你好 <b>&\"'"}],
    [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
    [{"role": "user", "content": [{"type": "text", "text": "é"}, {"type": "image"}]}],
]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The weather, é <now>", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]


def main():
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0, "<s>": 1, "</s>": 2}, unk_token="<unk>")), bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    cases = []
    for name, template in TEMPLATES.items():
        # Templates for texts alone show other content as their engine writes it.
        for chat in CHATS if name == "tools" else CHATS[:3]:
            for options in ({}, {"add_generation_prompt": True}, {"tools": TOOLS}):
                case = {"template": name, "messages": chat, "options": options}
                try:
                    case["text"] = tokenizer.apply_chat_template(chat, chat_template=template, tokenize=False, **options)
                except Exception as error:
                    case["error"] = str(error)
                cases.append(case)
    path = Path(__file__).resolve().parent / "chat.json"
    path.write_text(json.dumps({"templates": TEMPLATES, "cases": cases}, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
