using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions.Tables;

/// <summary>Lines of a UTF-8 text; another encoding is refused with the line.</summary>
internal static class LineReader
{
    public static async Task<string?> Next(StreamReader reader, string path, int line, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DecoderFallbackException)
        {
            throw TextFiles.NotUtf8(path, $"line {line}");
        }
        catch (LineTooLongException e)
        {
            throw new InputException(path, $"{e.Message}, at line {line} or soon after.", "Is this the right file?", e);
        }
    }
}
