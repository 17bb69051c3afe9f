"""The reference's side of tokenizers.ts, one thread of the Rust library: PyPI tokenizers 0.23.3.

    corpus en|zh SHARED FILE     writes the benchmark's text
    encode TOKENIZER CORPUS      reads "batch", "lines" or "ids" from standard input, makes a pass, answers with a line of JSON
    train KIND SIZE CORPUS FILE  trains as the trainers' reference data were trained, writes tokenizer.json
"""
import gzip
import json
import resource
import sys
import time
import zipfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers


def corpus(language, shared, target):
    data = Path(shared) / "data"
    if language == "en":
        sources = [(data / "lm/en/wikitext2.valid.txt").read_text("utf-8"), (data / "lm/en/tinyshakespeare.txt").read_text("utf-8")]
        for archive in ("state_union", "inaugural", "genesis"):
            packed = zipfile.ZipFile(data / f"lm/nltk/{archive}.zip")
            names = [n for n in sorted(packed.namelist()) if n.endswith(".txt") and (archive != "genesis" or "english" in n)]
            sources += [packed.read(n).decode("utf-8", "replace") for n in names]
    else:
        sources = [(data / f"lm/zh/{name}.txt").read_text("utf-8") for name in ("CLUECorpusSmall_bert_sampled", "CLUECorpusSmall_sampled")]
    size, limit = 0, 5_000_000 if language == "en" else 2_000_000
    with open(target, "w", encoding="utf-8", newline="") as out:
        for source in sources:
            for line in source.split("\n"):
                if line.strip() and size < limit:
                    size += out.write(line + "\n") and len(line.encode()) + 1


def lines_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [line for line in file.read().split("\n") if line.strip()]


def answer(**values):
    print(json.dumps(values), flush=True)


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def encode(folder, path):
    packed = Path(folder) / "tokenizer.json.gz"
    text = gzip.decompress(packed.read_bytes()).decode() if packed.exists() else (Path(folder) / "tokenizer.json").read_text("utf-8")
    tokenizer, lines = Tokenizer.from_str(text), lines_of(path)
    answer(ready=True)
    for mode in sys.stdin:
        before = time.process_time()
        if mode.strip() == "lines":
            tokens = sum(len(tokenizer.encode(line)) for line in lines)
        else:
            call = tokenizer.encode_batch if mode.strip() == "batch" else tokenizer.encode_batch_fast
            encodings = call(lines, add_special_tokens=mode.strip() == "batch")
            tokens = sum(map(len, encodings))
        answer(tokens=tokens, cpuMs=1000 * (time.process_time() - before), peakMiB=peak_mib())


def untrained(kind, size):
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        return tokenizer, trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, limit_alphabet=6000, special_tokens=special, show_progress=False)
    if kind == "character-bpe":
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return tokenizer, trainers.BpeTrainer(vocab_size=size, min_frequency=2, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False)
    if kind == "bpe":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        return tokenizer, trainers.BpeTrainer(vocab_size=size, min_frequency=2, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer, trainers.UnigramTrainer(vocab_size=size, special_tokens=["<unk>", "<s>", "</s>", "<pad>"], unk_token="<unk>", show_progress=False)


def train(kind, size, path, target):
    tokenizer, trainer = untrained(kind, int(size))

    def lines():
        with open(path, encoding="utf-8", newline="\n") as file:
            for line in file:
                if line.strip():
                    yield line.rstrip("\n")

    before, started = time.process_time(), time.perf_counter()
    tokenizer.train_from_iterator(lines(), trainer)
    seconds, cpu = time.perf_counter() - started, time.process_time() - before
    tokenizer.save(target)
    answer(seconds=seconds, cpuSeconds=cpu, peakMiB=peak_mib())


command, *rest = sys.argv[1:]
{"corpus": corpus, "encode": encode, "train": train}[command](*rest)
