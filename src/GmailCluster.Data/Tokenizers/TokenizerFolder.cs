using GmailCluster.Data.Tokenizers.Pipeline;
using GmailCluster.Data.Tokenizers.SentencePiece;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers;

/// <summary>Loads the tokenizer of a model folder as Hugging Face lays it out.</summary>
public static class TokenizerFolder
{
    /// <summary>
    /// Loads what the folder holds, in this order: <c>tokenizer.json</c> (a BPE of the tokenizers library: CLIP, GPT-2, Llama 3, ...),
    /// <c>tokenizer.model</c> (SentencePiece BPE: Llama), <c>vocab.json</c> with <c>merges.txt</c> (CLIP or GPT-2, told apart by
    /// <c>tokenizer_config.json</c> or, without it, by the vocabulary).
    /// </summary>
    /// <exception cref="InputException">There is none, or a file is missing, damaged or of a kind that is not supported.</exception>
    public static ITokenizer Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var (json, model) = (Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, "tokenizer.model"));
        if (File.Exists(json))
        {
            return TokenizerJson.Load(json, FolderSettings.Read(folder));
        }

        if (File.Exists(model))
        {
            return SentencePieceTokenizer.Load(model, FolderSettings.Read(folder));
        }

        if (File.Exists(Path.Combine(folder, "vocab.json")) || File.Exists(Path.Combine(folder, "merges.txt")))
        {
            return VocabAndMerges.Load(folder, FolderSettings.Read(folder));
        }

        throw new InputException(
            folder, "holds no tokenizer (no tokenizer.json, no tokenizer.model, no vocab.json).",
            "Point at the folder that from_pretrained would load, or save the tokenizer there.");
    }
}
