using System.Text.Json;

namespace GmailCluster.Data.Captions;

/// <summary>
/// A folder of pictures, with subfolders, and beside each picture a <c>.txt</c> file of the same name: each line of it is a
/// caption. A <c>.json</c> file may add a long caption and fields.
/// </summary>
internal static class FolderImport
{
    public static async Task Read(DatasetBuilder builder, CancellationToken cancellationToken)
    {
        var groups = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(builder.Path, "*", SearchOption.AllDirectories))
        {
            var extension = Extension(file);
            if (Path.GetFileName(file).StartsWith('.') || !(ImageFiles.IsImage(extension) || extension is "txt" or "json"))
            {
                builder.LeaveOut("files of other kinds");
                continue;
            }

            var name = Path.GetRelativePath(builder.Path, file).Replace(Path.DirectorySeparatorChar, '/');
            var stem = name[..^(extension.Length + 1)];
            if (!groups.TryGetValue(stem, out var files))
            {
                groups.Add(stem, files = []);
            }

            files.Add(file);
        }

        foreach (var (stem, files) in groups)
        {
            var text = await Content(files, "txt", cancellationToken).ConfigureAwait(false);
            var json = await Content(files, "json", cancellationToken).ConfigureAwait(false);
            builder.Record(stem, () => Add(builder, stem, files, text, json));
        }
    }

    private static void Add(DatasetBuilder builder, string stem, List<string> files, byte[]? text, byte[]? json)
    {
        var pictures = files.Where(file => ImageFiles.IsImage(Extension(file))).ToList();
        if (pictures.Count != 1)
        {
            throw new BadRecordException(null, pictures.Count == 0 ? "has no picture beside it." : "is the name of more than one picture.");
        }

        if (text is null)
        {
            throw new BadRecordException(null, "has no .txt file beside it.");
        }

        var lines = TextFiles.Decode(text, "txt").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        using var record = json is null ? null : Parse(json);
        builder.Add(
            stem, "name", lines, record is null ? null : JsonFields.Text(record.RootElement, builder.Spec.LongCaptionField), null,
            record is null
                ? new SortedDictionary<string, string>(StringComparer.Ordinal)
                : JsonFields.Others(record.RootElement, builder.Spec.CaptionField, builder.Spec.LongCaptionField),
            ImageFiles.Open(pictures[0])!,
            captionColumn: "txt");
    }

    private static JsonDocument Parse(byte[] json)
    {
        try
        {
            var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new BadRecordException("json", "is not an object.");
        }
        catch (JsonException)
        {
            throw new BadRecordException("json", "is not valid JSON.");
        }
    }

    private static async Task<byte[]?> Content(List<string> files, string extension, CancellationToken cancellationToken) =>
        files.Find(file => Extension(file) == extension) is { } found
            ? await File.ReadAllBytesAsync(found, cancellationToken).ConfigureAwait(false)
            : null;

    private static string Extension(string file) => Path.GetExtension(file).TrimStart('.').ToLowerInvariant();
}
