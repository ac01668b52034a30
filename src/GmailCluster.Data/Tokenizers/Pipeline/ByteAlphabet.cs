using System.Buffers;
using System.Text;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>GPT-2's alphabet: every byte as a printable character, so that a vocabulary of texts can hold any bytes.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOf = BuildChars();
    private static readonly short[] ByteOf = BuildBytes();

    /// <summary>The UTF-8 bytes of a text, one character each.</summary>
    public static string Spell(string text)
    {
        var utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        var count = Encoding.UTF8.GetBytes(text, utf8);
        var spelled = string.Create(count, utf8, static (chars, bytes) =>
        {
            for (var i = 0; i < chars.Length; i++)
            {
                chars[i] = CharOf[bytes[i]];
            }
        });
        ArrayPool<byte>.Shared.Return(utf8);
        return spelled;
    }

    /// <summary>Appends the bytes that a token spells; a token with characters outside the alphabet stands for itself.</summary>
    public static void Read(string token, List<byte> bytes)
    {
        var start = bytes.Count;
        foreach (var symbol in token)
        {
            if (symbol >= ByteOf.Length || ByteOf[symbol] < 0)
            {
                bytes.RemoveRange(start, bytes.Count - start);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }

            bytes.Add((byte)ByteOf[symbol]);
        }
    }

    private static char[] BuildChars()
    {
        var (chars, next) = (new char[256], (char)256);
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            chars[value] = printable ? (char)value : next++;
        }

        return chars;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[CharOf.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++)
        {
            bytes[CharOf[value]] = (short)value;
        }

        return bytes;
    }
}
