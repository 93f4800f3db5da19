from tokenizers import Tokenizer, models, pre_tokenizers, trainers

tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.train_from_iterator(
    ["low lower lowest new newer"] * 20, trainers.BpeTrainer(vocab_size=60, special_tokens=["[UNK]"])
)
tokenizer.save("tokenizer.json")
print(Tokenizer.from_file("tokenizer.json").encode("lower new").tokens)
