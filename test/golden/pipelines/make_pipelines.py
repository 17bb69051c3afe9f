"""Makes a tiny random BERT and GPT-2 with their tokenizers, and what the reference pipelines answer with it.

Versions: torch 2.15.0, transformers 5.23.0, tokenizers 0.23.3. Run: python make_pipelines.py
"""

import json
import os

import torch
import transformers
from tokenizers import ByteLevelBPETokenizer
from transformers import BertConfig, BertForPreTraining, BertForNextSentencePrediction, BertTokenizer, pipeline
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

folder = os.path.dirname(os.path.abspath(__file__))
model_folder = os.path.join(folder, "bert")
gpt2_folder = os.path.join(folder, "gpt2")
words = "the cat dog sat ran on under a mat . , ? ! and bird flew over house in paris is city of france it rains".split()
pieces = ["##s", "##ing", "##ed", "un", "##der", "##ly", "q", "##u", "##ick"]
vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *pieces, "你", "好", "天", "气"]


def make_model():
    os.makedirs(model_folder, exist_ok=True)
    vocab = os.path.join(folder, "vocab.txt")
    with open(vocab, "w", encoding="utf-8") as file:
        file.write("\n".join(vocabulary) + "\n")
    tokenizer = BertTokenizer(vocab=vocab, model_max_length=24)
    os.remove(vocab)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=24, initializer_range=0.5,
    )
    model = BertForPreTraining(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(model_folder)
    tokenizer.save_pretrained(model_folder)


def make_gpt2():
    os.makedirs(gpt2_folder, exist_ok=True)
    trained = ByteLevelBPETokenizer()
    text = [" ".join(words), "the cat sat on the mat and the bird flew over the house", "今天天气很好"] * 3
    trained.train_from_iterator(text, vocab_size=300, min_frequency=2, special_tokens=["<|endoftext|>"])
    trained.save_model(gpt2_folder)
    tokenizer = GPT2Tokenizer(
        vocab=os.path.join(gpt2_folder, "vocab.json"), merges=os.path.join(gpt2_folder, "merges.txt")
    )
    for name in ["vocab.json", "merges.txt"]:
        os.remove(os.path.join(gpt2_folder, name))
    torch.manual_seed(11)
    end = tokenizer.eos_token_id
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=32, n_embd=16, n_layer=2, n_head=2, initializer_range=0.6,
        bos_token_id=end, eos_token_id=end,
    )
    model = GPT2LMHeadModel(config).eval()
    model.save_pretrained(gpt2_folder)
    tokenizer.save_pretrained(gpt2_folder)


def text_generation_cases():
    generate = pipeline("text-generation", gpt2_folder, device="cpu")
    calls = [
        (["the cat"], {"max_new_tokens": 8}),
        (["the cat", "it rains and  the bird", "今天"], {"max_new_tokens": 6}),
        (["the cat"], {"max_new_tokens": 5, "return_full_text": False}),
        (["the house"], {"max_new_tokens": 4, "num_beams": 3, "num_return_sequences": 2}),
        (["a"], {"max_new_tokens": 8, "repetition_penalty": 3.0}),
    ]
    cases = []
    for texts, options in calls:
        result = generate(texts if len(texts) > 1 else texts[0], do_sample=False, **options)
        cases.append({"texts": texts, "options": options, "expected": result})
    return cases


def fill_mask_cases():
    unmask = pipeline("fill-mask", model_folder, device="cpu")
    calls = [
        (["the cat sat on the [MASK] ."], {}),
        (["Paris is the [MASK] of France!"], {"top_k": 3}),
        (["the [MASK] ran [MASK] the house"], {"top_k": 2}),
        (["the cat [MASK] .", "a bird flew over the [MASK] and it rains , it rains .", "[MASK]"], {}),
        (["the [MASK] ran [MASK] ?", "你好[MASK]气"], {"top_k": 4}),
        (["the [MASK] flew ."], {"targets": ["bird", "cat", "mat"]}),
        (["the [MASK] flew ."], {"targets": ["bird", "quick", "zzz"], "top_k": 2}),
        (["the [MASK] flew ."], {"top_k": len(vocabulary)}),
    ]
    cases = []
    for texts, options in calls:
        result = unmask(texts if len(texts) > 1 else texts[0], **options)
        cases.append({"texts": texts, "options": options, "expected": result})
    return cases


def next_sentence_cases():
    tokenizer = BertTokenizer.from_pretrained(model_folder)
    model = BertForNextSentencePrediction.from_pretrained(model_folder).eval()
    cases = []
    for text, pair in [("the cat sat .", "it ran under the house ."), ("it rains", "paris is a city"), ("a", "b")]:
        with torch.no_grad():
            shares = model(**tokenizer(text, pair, return_tensors="pt")).logits.double().softmax(-1)[0].tolist()
        cases.append({"text": text, "text_pair": pair, "is_next": shares[0], "not_next": shares[1]})
    return cases


make_model()
make_gpt2()
with open(os.path.join(folder, "pipelines.json"), "w", encoding="utf-8") as file:
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    made = {
        "versions": versions, "fill_mask": fill_mask_cases(), "next_sentence_prediction": next_sentence_cases(),
        "text_generation": text_generation_cases(),
    }
    json.dump(made, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
