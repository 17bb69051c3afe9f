"""Makes tiny random models with the heads of the classifying pipelines, and what the reference pipelines answer with them.

Run make_pipelines.py first: the tokenizers are those of its folders. Offsets are written in UTF-16 units.
Versions: torch 2.15.0, transformers 5.23.0, tokenizers 0.23.3. Run: python make_heads.py
"""

import json
import os
import shutil
import tempfile

import torch
import transformers
from transformers import (
    AutoModel,
    AutoModelForMultipleChoice,
    AutoTokenizer,
    BertConfig,
    BertForMultipleChoice,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    GPT2Config,
    GPT2ForTokenClassification,
    RobertaConfig,
    RobertaForQuestionAnswering,
    RobertaTokenizer,
    pipeline,
)

here = os.path.dirname(os.path.abspath(__file__))


def labels(*names):
    return {"id2label": dict(enumerate(names)), "label2id": {name: id for id, name in enumerate(names)}}


nli = labels("contradiction", "neutral", "entailment")
tags = labels("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def path(name):
    return os.path.join(here, name)


def shaken(model, seed):
    """Larger values than a fresh model's, so that answers differ."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


def save(name, model, tokenizer):
    model.save_pretrained(path(name))
    tokenizer.save_pretrained(path(name))


def bert(vocab_size, **rest):
    return BertConfig(
        vocab_size=vocab_size, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=24, initializer_range=0.5, **rest,
    )


def make_models():
    tokenizer = AutoTokenizer.from_pretrained(path("bert"))
    size = len(tokenizer)
    save("bert-nli", shaken(BertForSequenceClassification(bert(size, **nli)), 1), tokenizer)
    one = bert(size, num_labels=1)
    save("bert-score", shaken(BertForSequenceClassification(one), 2), tokenizer)
    save("bert-tags", shaken(BertForTokenClassification(bert(size, **tags)), 3), tokenizer)
    save("bert-answers", shaken(BertForQuestionAnswering(bert(size)), 4), tokenizer)
    save("bert-choices", shaken(BertForMultipleChoice(bert(size)), 5), tokenizer)

    tokenizer = AutoTokenizer.from_pretrained(path("gpt2"))
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=32, n_embd=16, n_layer=1, n_head=2, initializer_range=0.6, **tags,
    )
    tokenizer.model_max_length = 32
    save("gpt2-tags", shaken(GPT2ForTokenClassification(config), 6), tokenizer)

    # RoBERTa's tokens around a text, over the same byte-level vocabulary.
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocab = {token: id for id, token in enumerate([*names, *(t for t in model["vocab"] if t != "<|endoftext|>")])}
    merges = [tuple(merge) for merge in model["merges"]]
    roberta = RobertaTokenizer(vocab=vocab, merges=merges, model_max_length=40)
    config = RobertaConfig(
        vocab_size=len(roberta), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=42, type_vocab_size=1, initializer_range=0.5, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )
    save("roberta-answers", shaken(RobertaForQuestionAnswering(config), 7), roberta)


def with_config(name, changes):
    """A copy of a model's folder with another configuration."""
    folder = tempfile.mkdtemp()
    shutil.copytree(path(name), folder, dirs_exist_ok=True)
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({**config, **changes}, file)
    return folder


sentence = "the cat sat on the mat ."
pair = {"text": "the cat sat .", "text_pair": "a bird flew over the house !"}
long_sentence = "the cats ran under a mat and the quick bird flew over paris , it rains in france ; " * 3


def text_classification_cases():
    calls = [
        ("bert-nli", {}, sentence, {}),
        ("bert-nli", {}, sentence, {"top_k": None}),
        ("bert-nli", {}, sentence, {"top_k": 2}),
        ("bert-nli", {}, sentence, {"top_k": None, "function_to_apply": "sigmoid"}),
        ("bert-nli", {}, sentence, {"top_k": None, "function_to_apply": "none"}),
        ("bert-nli", {}, pair, {"top_k": None}),
        ("bert-nli", {}, "", {"top_k": None}),
        ("bert-nli", {}, "   ", {"top_k": None}),
        ("bert-nli", {"problem_type": "multi_label_classification"}, sentence, {"top_k": None}),
        ("bert-nli", {"problem_type": "regression"}, sentence, {"top_k": None}),
        ("bert-score", {}, sentence, {"top_k": None}),
        ("bert-score", {"problem_type": "regression"}, sentence, {"top_k": None}),
    ]
    cases = []
    for name, config, text, options in calls:
        classify = pipeline("text-classification", with_config(name, config), device="cpu")
        answer = classify(text, **options)
        answer = answer if isinstance(answer, list) else [answer]
        cases.append({"model": name, "config": config, "input": text, "options": options, "expected": answer})
    return cases


def utf16(text, index):
    return len(text[:index].encode("utf-16-le")) // 2


def token_classification_cases():
    texts = [
        "the cats ran under paris , quick !", "Câts in Paris", "😀 the dogs fly over zürich", "你好天气", "   ", "",
    ]
    calls = []
    for name in ["bert-tags", "gpt2-tags"]:
        for text in texts if name == "bert-tags" else texts[:3]:
            for strategy in ["none", "simple", "first", "average", "max"]:
                calls.append((name, text, {"aggregation_strategy": strategy, "ignore_labels": []}))
        calls.append((name, texts[0], {}))
        calls.append((name, texts[0], {"aggregation_strategy": "simple", "ignore_labels": ["LOC", "O"]}))
        for strategy in ["simple", "first", "average", "max"]:
            for stride in [0, 5]:
                calls.append((name, long_sentence, {"aggregation_strategy": strategy, "stride": stride}))
    cases = []
    for name, text, options in calls:
        classify = pipeline("token-classification", path(name), device="cpu")
        if classify.tokenizer.pad_token is None:
            classify.tokenizer.pad_token = classify.tokenizer.eos_token
        entities = classify(text, **options)
        expected = []
        for entity in entities:
            start, end = (utf16(text, entity[key]) for key in ["start", "end"])
            expected.append({**entity, "score": float(entity["score"]), "start": start, "end": end})
        cases.append({"model": name, "text": text, "options": options, "expected": expected})
    return cases


def zero_shot_cases():
    classify = pipeline("zero-shot-classification", path("bert-nli"), device="cpu")
    labels = ["cat", "city of france", "rains"]
    calls = [
        (sentence, labels, {}),
        (sentence, labels, {"multi_label": True}),
        (sentence, ["cat"], {}),
        (sentence, labels, {"hypothesis_template": "it is a {} ."}),
        (long_sentence, labels, {}),
    ]
    cases = []
    for text, candidates, options in calls:
        expected = classify(text, candidates, **options)
        cases.append({"text": text, "candidate_labels": candidates, "options": options, "expected": expected})
    return cases


def multiple_choice_cases():
    tokenizer = AutoTokenizer.from_pretrained(path("bert-choices"))
    model = AutoModelForMultipleChoice.from_pretrained(path("bert-choices")).eval()
    calls = [
        {"context": "the cat sat .", "choices": ["it ran .", "a bird flew over the house !", "it rains"]},
        {"context": "the dog ran .", "question": "is it a dog ?", "choices": ["paris", "the dog", "the dog is quick"]},
        {"context": long_sentence, "choices": ["it ran .", "it rains in paris"]},
    ]
    cases = []
    for call in calls:
        seconds = [" ".join(filter(None, [call.get("question"), choice])) for choice in call["choices"]]
        inputs = tokenizer(
            [call["context"]] * len(seconds), seconds, padding=True, truncation=True, return_tensors="pt"
        )
        with torch.no_grad():
            logits = model(**{name: value.unsqueeze(0) for name, value in inputs.items()}).logits[0]
        cases.append({"input": call, "scores": logits.double().softmax(-1).tolist()})
    return cases


def feature_extraction_cases():
    extract = pipeline("feature-extraction", path("bert"), device="cpu")
    texts = [sentence, "你好", "", "the quick dogs"]
    return {"texts": texts, "expected": [extract(text) for text in texts]}


def inner_states():
    tokenizer = AutoTokenizer.from_pretrained(path("bert-nli"))
    model = AutoModel.from_pretrained(path("bert-nli"), attn_implementation="eager").eval()
    inputs = tokenizer(sentence, return_tensors="pt")
    with torch.no_grad():
        outputs = model(**inputs, output_hidden_states=True, output_attentions=True)
    return {
        "text": sentence,
        "tokens": tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]),
        "hidden_states": torch.cat(outputs.hidden_states).tolist(),
        "attentions": torch.cat(outputs.attentions).tolist(),
    }


if __name__ == "__main__":
    make_models()
    made = {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "text_classification": text_classification_cases(),
        "token_classification": token_classification_cases(),
        "zero_shot_classification": zero_shot_cases(),
        "multiple_choice": multiple_choice_cases(),
        "feature_extraction": feature_extraction_cases(),
        "inner_states": inner_states(),
    }
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    with open(path("heads.json"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
