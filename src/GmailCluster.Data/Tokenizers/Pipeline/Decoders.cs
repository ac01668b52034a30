using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Runs its parts in order.</summary>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> parts) : IDecoder
{
    public List<string> Decode(List<string> tokens) => parts.Aggregate(tokens, (current, part) => part.Decode(current));
}

/// <summary>No decoder: tokens with spaces between them.</summary>
internal sealed class SpacedDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens) => [string.Join(' ', tokens)];
}

/// <summary>GPT-2's bytes back to text; bytes that are not UTF-8 become U+FFFD.</summary>
internal sealed class ByteLevelDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            ByteAlphabet.Read(token, bytes);
        }

        return [Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes))];
    }
}

/// <summary>Replaces in each token.</summary>
internal sealed class ReplaceDecoder(ReplaceNormalizer replace) : IDecoder
{
    public List<string> Decode(List<string> tokens) => tokens.ConvertAll(replace.Normalize);
}

/// <summary>Joins what came so far into one string.</summary>
internal sealed class FuseDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens) => [string.Concat(tokens)];
}

/// <summary>Runs of <c>&lt;0x41&gt;</c> tokens to text; a run that is not UTF-8 becomes one U+FFFD a byte.</summary>
internal sealed class ByteFallbackDecoder : IDecoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public List<string> Decode(List<string> tokens)
    {
        var (texts, run) = (new List<string>(tokens.Count), new List<byte>());
        foreach (var token in tokens)
        {
            if (TryReadByte(token, out var value))
            {
                run.Add(value);
                continue;
            }

            Flush(run, texts);
            texts.Add(token);
        }

        Flush(run, texts);
        return texts;
    }

    public static bool TryReadByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static void Flush(List<byte> run, List<string> texts)
    {
        try
        {
            texts.Add(Strict.GetString(CollectionsMarshal.AsSpan(run)));
        }
        catch (DecoderFallbackException)
        {
            texts.Add(new string('\uFFFD', run.Count));
        }

        run.Clear();
    }
}

/// <summary>Cuts up to a number of one character off each end of each string.</summary>
internal sealed class StripDecoder(char content, int start, int stop) : IDecoder
{
    public List<string> Decode(List<string> tokens) => tokens.ConvertAll(token =>
    {
        var (from, to) = (0, token.Length);
        while (from < Math.Min(start, token.Length) && token[from] == content)
        {
            from++;
        }

        while (to > from && token.Length - to < stop && token[to - 1] == content)
        {
            to--;
        }

        return token[from..to];
    });
}

/// <summary>Visible spaces back to spaces, except one that was put in front of the text.</summary>
internal sealed class MetaspaceDecoder(char replacement, bool prepended) : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        var texts = tokens.ConvertAll(token => token.Replace(replacement, ' '));
        if (prepended && tokens.Count > 0)
        {
            texts[0] = tokens[0].Replace(replacement.ToString(), "", StringComparison.Ordinal);
        }

        return texts;
    }
}

/// <summary>
/// What CLIP's tokenizer does after its byte-level decoder: word ends become spaces, white space at the ends goes (as Python's
/// str.strip has it).
/// </summary>
internal sealed class WordEndDecoder(string suffix) : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        var text = string.Concat(tokens).Replace(suffix, " ", StringComparison.Ordinal);
        var (from, to) = (0, text.Length);
        while (from < to && IsSpace(text[from]))
        {
            from++;
        }

        while (to > from && IsSpace(text[to - 1]))
        {
            to--;
        }

        return [text[from..to]];
    }

    private static bool IsSpace(char symbol) => char.IsWhiteSpace(symbol) || symbol is >= '\x1C' and <= '\x1F';
}
