using System.Text.Json;
using GmailCluster.Data.Shards;

namespace GmailCluster.Data.Captions;

/// <summary>
/// WebDataset tars, also as img2dataset makes them: <c>key.jpg</c>, <c>key.txt</c> and <c>key.json</c> with <c>caption</c>,
/// <c>status</c>, <c>url</c> and what else it noted. The text file is the caption; without one, the JSON's member is.
/// </summary>
internal static class WebDatasetImport
{
    public static async Task Read(DatasetBuilder builder, CancellationToken cancellationToken)
    {
        string[] tars = Directory.Exists(builder.Path)
            ? [.. Directory.GetFiles(builder.Path, "*.tar").Order(StringComparer.Ordinal)]
            : [builder.Path];
        foreach (var tar in tars)
        {
            await ReadTar(builder, tar, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task ReadTar(DatasetBuilder builder, string path, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous);
        await using var disposal = file.ConfigureAwait(false);
        var tar = new TarMemberReader(file, path, ShardLimits.Default.MaxMemberBytes);
        Draft? draft = null;
        while (await tar.Next(cancellationToken).ConfigureAwait(false) is { } member)
        {
            if (ShardReader.SampleMember(member.Name) is not { } name)
            {
                builder.LeaveOut("members of no sample");
                continue;
            }

            if (draft?.Key != name.Key)
            {
                Finish(builder, draft);
                draft = new Draft(path, name.Key);
            }

            if (ImageFiles.IsImage(name.Extension))
            {
                draft.Images.Add((member, name.Extension));
            }
            else if (name.Extension is "txt" or "json")
            {
                draft.Texts.Add((name.Extension, await tar.ReadContent(cancellationToken).ConfigureAwait(false)));
            }
            else
            {
                builder.LeaveOut($"members with the extension '{name.Extension}'");
            }
        }

        Finish(builder, draft);
    }

    private static void Finish(DatasetBuilder builder, Draft? draft)
    {
        if (draft is not null)
        {
            builder.Record($"sample {draft.Key}", () => Add(builder, draft));
        }
    }

    private static void Add(DatasetBuilder builder, Draft draft)
    {
        var spec = builder.Spec;
        using var json = draft.Single("json") is { } bytes ? Parse(bytes) : null;
        var record = json?.RootElement ?? default;
        var split = JsonFields.Text(record, "split");
        if (!builder.Wants(split))
        {
            return;
        }

        if (JsonFields.Text(record, "status") is { } status and not "success")
        {
            throw new BadRecordException("status", $"is '{status}'{(JsonFields.Text(record, "error_message") is { } why ? $" ({why})" : "")}.");
        }

        IReadOnlyList<string?> captions = draft.Single("txt") is { } text
            ? [TextFiles.Decode(text, "txt")]
            : JsonFields.Texts(record, spec.CaptionField);
        if (captions.Count == 0)
        {
            throw new BadRecordException(null, $"has neither a .txt nor a .json with '{spec.CaptionField}'.");
        }

        var (member, extension) = draft.Images switch
        {
            [] => throw new BadRecordException(null, "has no picture."),
            [var only] => only,
            _ => throw new BadRecordException(null, "has more than one picture."),
        };
        builder.Add(
            draft.Key, "key", captions, JsonFields.Text(record, spec.LongCaptionField), split,
            json is null
                ? new SortedDictionary<string, string>(StringComparer.Ordinal)
                : JsonFields.Others(record, spec.CaptionField, spec.LongCaptionField, "split"),
            ImageFiles.Part(draft.Tar, $"{draft.Tar}: {member.Name}", extension, member.ContentOffset, member.LengthBytes));
    }

    private static JsonDocument Parse(byte[] bytes)
    {
        try
        {
            var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new BadRecordException("json", "is not an object.");
        }
        catch (JsonException)
        {
            throw new BadRecordException("json", "is not valid JSON.");
        }
    }

    private sealed record Draft(string Tar, string Key)
    {
        public List<(TarMember Member, string Extension)> Images { get; } = [];

        public List<(string Extension, byte[] Content)> Texts { get; } = [];

        public byte[]? Single(string extension)
        {
            var found = Texts.Where(text => text.Extension == extension).ToList();
            return found.Count < 2 ? found.FirstOrDefault().Content : throw new BadRecordException(extension, "is there twice.");
        }
    }
}
