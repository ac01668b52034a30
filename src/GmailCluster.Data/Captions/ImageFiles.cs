using GmailCluster.Data.Images;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions;

/// <summary>Encoded pictures as files: which they are and how they are read.</summary>
internal static class ImageFiles
{
    /// <summary>Extensions that are pictures, in the order in which names are tried.</summary>
    public static IReadOnlyList<string> Extensions => ImageDecoder.Extensions;

    public static bool IsImage(string extension) => Extensions.Contains(extension);

    /// <summary>A file to be read later; null when it does not exist.</summary>
    public static ImageSource? Open(string path) => File.Exists(path) ? new ImageSource(path, Extension(path), token => Read(path, token), path) : null;

    /// <summary>A range of a file to be read later.</summary>
    public static ImageSource Part(string path, string where, string extension, long offset, long length) =>
        new(where, extension, token => ReadPart(path, where, offset, length, token));

    /// <summary>The kind of an encoded picture by its first bytes; null when it is none.</summary>
    public static string? Sniff(ReadOnlySpan<byte> encoded) => encoded switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpg",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "webp",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "gif",
        [(byte)'B', (byte)'M', ..] => "bmp",
        _ => null,
    };

    private static string Extension(string path) => Path.GetExtension(path).TrimStart('.').ToLowerInvariant();

    private static async Task<byte[]> Read(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    private static async Task<byte[]> ReadPart(string path, string where, long offset, long length, CancellationToken cancellationToken)
    {
        try
        {
            using var file = File.OpenHandle(path, options: FileOptions.Asynchronous);
            var content = new byte[length];
            for (var filled = 0; filled < content.Length;)
            {
                var count = await RandomAccess.ReadAsync(file, content.AsMemory(filled), offset + filled, cancellationToken).ConfigureAwait(false);
                filled += count > 0 ? count : throw new EndOfStreamException("it has become shorter");
            }

            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(where, e);
        }
    }

    private static InputException Unreadable(string where, Exception cause) =>
        new(where, $"cannot be read ({cause.Message.TrimEnd('.')}).", "It was there when the data set was opened: leave its files alone during a run.", cause);
}
