using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.Bpe;

/// <summary>Reads a merges.txt: one rule a line, best first, after an optional line "#version: ...".</summary>
internal static class MergesFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static List<(MergeRule Rule, string Where)> Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllText(path, Strict).Split('\n');
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new InputException(
                path, $"cannot be read as UTF-8 text ({problem.Message.TrimEnd('.')}).", "Fetch or export the file again.", problem);
        }

        var merges = new List<(MergeRule, string)>(lines.Length);
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd('\r');
            if (line.StartsWith("#version", StringComparison.Ordinal) || (line.Length == 0 && i == lines.Length - 1))
            {
                continue;
            }

            merges.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
                ? (new MergeRule(left, right), $"{path}:{i + 1}")
                : throw new InputException(
                    $"{path}:{i + 1}", $"should hold two tokens with one space between, and holds '{Cut(line)}'.",
                    "The file may be cut short or damaged: fetch or export it again."));
        }

        return merges;
    }

    private static string Cut(string line) => line.Length <= 40 ? line : line[..37] + "...";
}
