using System.Text;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Images;
using GmailCluster.Data.Shards;

namespace GmailCluster.Cli.Inspect;

/// <summary>WebDataset tars, read through.</summary>
internal static class ShardInspection
{
    private const int ShownCaptionLength = 80;

    private static readonly string[] PictureExtensions = ["png", "jpg", "jpeg", "webp", "gif", "bmp"];

    /// <summary>One tar: its samples and their members.</summary>
    public static async Task<Inspection> OfTar(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        var reader = new ShardReader(stream, path);
        var rows = new List<string[]>();
        var members = new SortedDictionary<string, (int Count, long Bytes)>(StringComparer.Ordinal);
        await foreach (var sample in reader.Read(cancellationToken))
        {
            foreach (var (extension, content) in sample.Members)
            {
                var (count, bytes) = members.GetValueOrDefault(extension);
                members[extension] = (count + 1, bytes + content.Length);
            }

            rows.Add(Row(sample, path));
        }

        var inspection = new Inspection("WebDataset shard") { Columns = ["key", "picture", "caption"], Rows = rows };
        inspection.With("file", Figures.Size(stream.Length)).With("samples", Figures.Count(rows.Count));
        foreach (var (extension, (count, bytes)) in members)
        {
            inspection.With($".{extension}", $"{Figures.Count(count)} members, {Figures.Size(bytes)}");
        }

        return reader.SkippedMembers.Count == 0
            ? inspection
            : inspection.With("no part of a sample", $"{Figures.Count(reader.SkippedMembers.Count)} members, the first '{reader.SkippedMembers[0]}'");
    }

    /// <summary>A folder of tars: each with its size and samples.</summary>
    public static async Task<Inspection> OfFolder(string folder, CancellationToken cancellationToken)
    {
        var rows = new List<string[]>();
        var (sampleCount, length) = (0L, 0L);
        foreach (var path in Directory.EnumerateFiles(folder, "*.tar").Order(StringComparer.Ordinal))
        {
            await using var stream = File.OpenRead(path);
            var count = await new ShardReader(stream, path).Read(cancellationToken).CountAsync(cancellationToken);
            (sampleCount, length) = (sampleCount + count, length + stream.Length);
            rows.Add([Path.GetFileName(path), Figures.Count(count), Figures.Size(stream.Length)]);
        }

        return new Inspection("folder of WebDataset shards") { Columns = ["shard", "samples", "size"], Rows = rows }
            .With("shards", Figures.Count(rows.Count)).With("samples", Figures.Count(sampleCount)).With("size", Figures.Size(length));
    }

    private static string[] Row(ShardSample sample, string path)
    {
        var picture = sample.Members.FirstOrDefault(member => PictureExtensions.Contains(member.Key, StringComparer.OrdinalIgnoreCase));
        var size = picture.Value is null ? "none" : Size(picture.Value, $"{path}: {sample.Key}.{picture.Key}");
        var caption = sample.Members.TryGetValue("txt", out var text) ? Encoding.UTF8.GetString(text).ReplaceLineEndings(" ").Trim() : "";
        return [sample.Key, size, caption.Length <= ShownCaptionLength ? caption : $"{caption[..(ShownCaptionLength - 1)]}…"];
    }

    private static string Size(byte[] picture, string where)
    {
        var image = ImageDecoder.Decode(picture, where);
        return $"{image.Width}x{image.Height}";
    }
}
