using GmailCluster.Data.Tokenizers.Bpe;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>The steps of a tokenizer, as a tokenizer.json names them.</summary>
internal sealed record PipelineParts(
    INormalizer Normalizer,
    IPreTokenizer PreTokenizer,
    BpeModel Model,
    IReadOnlyList<AddedToken> AddedTokens,
    TokenTemplate Template,
    IDecoder Decoder);
