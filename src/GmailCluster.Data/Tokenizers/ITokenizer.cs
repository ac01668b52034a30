namespace GmailCluster.Data.Tokenizers;

/// <summary>
/// Text to token ids and back, as the model's own library does it. Immutable once loaded: any number of threads may use one
/// instance. Lone surrogates in a text are read as U+FFFD, as UTF-8 would have it.
/// </summary>
public interface ITokenizer
{
    /// <summary>One more than the highest id, added tokens included.</summary>
    int VocabularySize { get; }

    /// <summary>The ids with a meaning of their own.</summary>
    SpecialTokenIds Special { get; }

    /// <summary>The longest sequence the folder's tokenizer_config.json names, in tokens; null where it names none.</summary>
    int? MaximumLength { get; }

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text. Special tokens written out in it are recognised where the library recognises them.</param>
    /// <param name="addSpecialTokens">Whether to add those the library adds by default (CLIP: start and end; Llama: start; GPT-2: none).</param>
    IReadOnlyList<int> Encode(string text, bool addSpecialTokens = true);

    /// <summary>
    /// The ids of a text with its special tokens in exactly <paramref name="length"/> tokens: the text is cut on the right to leave
    /// room for them (so an end token is kept), and the row is filled with <see cref="SpecialTokenIds.Pad"/>.
    /// </summary>
    /// <exception cref="Errors.InputException">The folder names no padding token.</exception>
    int[] EncodePadded(string text, int length);

    /// <summary>The text of a sequence of ids. Ids the vocabulary does not know are left out, as the libraries do.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">Whether to leave special tokens out of the text.</param>
    string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true);

    /// <summary>The id of a token as the vocabulary spells it, or null.</summary>
    int? IdOf(string token);

    /// <summary>The token of an id as the vocabulary spells it, or null.</summary>
    string? TokenOf(int id);
}
