using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions;

/// <summary>Text that must be UTF-8: a caption with replacement characters in it would be trained on as it is.</summary>
internal static class TextFiles
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    /// <summary>The longest line, and the longest record of several lines: captions are far shorter.</summary>
    public const int MaxRecordBytes = 16 << 20;

    /// <summary>
    /// A reader that throws <see cref="DecoderFallbackException"/> on other encodings and <see cref="LineTooLongException"/> on endless
    /// lines; skips a byte order mark.
    /// </summary>
    public static StreamReader Open(string path) =>
        new(new BoundedLines(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1), MaxRecordBytes), Strict, detectEncodingFromByteOrderMarks: false, 1 << 16);

    /// <summary>The text of a record's part.</summary>
    public static string Decode(ReadOnlySpan<byte> utf8, string column)
    {
        try
        {
            return Strict.GetString(utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8);
        }
        catch (DecoderFallbackException)
        {
            throw new BadRecordException(column, "is not UTF-8.");
        }
    }

    public static InputException NotUtf8(string path, string where) =>
        new(path, $"is not UTF-8 text, at {where} or soon after.", "Save it as UTF-8.");
}
