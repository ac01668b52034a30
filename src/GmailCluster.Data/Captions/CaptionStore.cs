using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Parquet;
using Parquet.Schema;

namespace GmailCluster.Data.Captions;

/// <summary>
/// Imported captions in the store: <c>captions/&lt;key&gt;/captions.parquet</c> with the columns id, caption, long_caption, split and
/// fields (JSON), and <c>manifest.json</c>, written last, with counts and the table's hash.
/// </summary>
public static class CaptionStore
{
    private const int RowsPerGroup = 65_536;

    private static readonly ParquetSchema Schema = new(
        new DataField<string>("id", nullable: false), new DataField<string>("caption", nullable: false), new DataField<string>("long_caption"),
        new DataField<string>("split"), new DataField<string>("fields"));

    /// <summary>Writes captions. A second call with the same captions writes the same bytes.</summary>
    /// <param name="store">The store.</param>
    /// <param name="key">The import's key.</param>
    /// <param name="prompts">The captions; a <see cref="PromptList"/>'s report goes into the manifest.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The files written.</returns>
    public static async Task<IReadOnlyList<StageFile>> Write(
        IObjectStore store, ArtifactKey key, IReadOnlyList<Prompt> prompts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(prompts);
        var file = await SpoolFile.Filled(stream => WriteTable(stream, prompts, cancellationToken)).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            var table = new StageFile(TableKey(key), file.Length, await SpoolFile.Hash(file, cancellationToken).ConfigureAwait(false));
            await store.Put(table.ObjectKey, file, PutCondition.Always, cancellationToken).ConfigureAwait(false);
            var report = (prompts as PromptList)?.Report;
            var manifest = new CaptionManifest(
                prompts.Count, table.LengthBytes, table.Sha256, report?.RecordCount ?? prompts.Count,
                report?.LeftOut ?? new SortedDictionary<string, int>(), report?.Problems ?? []);
            await store.PutJson(ManifestKey(key), manifest, PutCondition.Always, cancellationToken).ConfigureAwait(false);
            return [table];
        }
    }

    /// <summary>What is known of imported captions.</summary>
    /// <exception cref="ObjectNotFoundException">There are none under this key.</exception>
    public static Task<CaptionManifest> Manifest(IObjectStore store, ArtifactKey key, CancellationToken cancellationToken = default) =>
        store.ReadJson<CaptionManifest>(ManifestKey(key), cancellationToken);

    /// <summary>Reads captions back, in their order.</summary>
    /// <exception cref="ObjectNotFoundException">There are none under this key.</exception>
    /// <exception cref="AlteredObjectException">The table is not the one that was written.</exception>
    public static async Task<IReadOnlyList<Prompt>> Read(IObjectStore store, ArtifactKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var manifest = await Manifest(store, key, cancellationToken).ConfigureAwait(false);
        var bytes = await store.ReadAllBytes(TableKey(key), cancellationToken).ConfigureAwait(false);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) is var seen && seen != manifest.Sha256)
        {
            throw new AlteredObjectException(store.Location, TableKey(key), $"has the SHA-256 {seen} where the manifest says {manifest.Sha256}.");
        }

        var reader = await ParquetReader.CreateAsync(new MemoryStream(bytes), leaveStreamOpen: false, cancellationToken: cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            var prompts = new List<Prompt>(manifest.Count);
            for (var group = 0; group < reader.RowGroupCount; group++)
            {
                await ReadGroup(reader, group, prompts, cancellationToken).ConfigureAwait(false);
            }

            return prompts;
        }
    }

    private static async Task WriteTable(Stream stream, IReadOnlyList<Prompt> prompts, CancellationToken cancellationToken)
    {
        var writer = await ParquetWriter.CreateAsync(Schema, stream, cancellationToken: cancellationToken).ConfigureAwait(false);
        await using var disposal = writer.ConfigureAwait(false);
        foreach (var rows in prompts.Chunk(RowsPerGroup))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var group = writer.CreateRowGroup();
            await group.WriteAsync(Schema.DataFields[0], [.. rows.Select(row => row.Id)]).ConfigureAwait(false);
            await group.WriteAsync(Schema.DataFields[1], [.. rows.Select(row => row.Caption)]).ConfigureAwait(false);
            await group.WriteAsync(Schema.DataFields[2], rows.Select(row => row.LongCaption).ToArray()!).ConfigureAwait(false);
            await group.WriteAsync(Schema.DataFields[3], rows.Select(row => row.Split).ToArray()!).ConfigureAwait(false);
            await group.WriteAsync(Schema.DataFields[4], rows.Select(Fields).ToArray()!).ConfigureAwait(false);
        }
    }

    private static async Task ReadGroup(ParquetReader reader, int group, List<Prompt> prompts, CancellationToken cancellationToken)
    {
        using var rows = reader.OpenRowGroupReader(group);
        var columns = new string?[Schema.DataFields.Length][];
        for (var i = 0; i < Schema.DataFields.Length; i++)
        {
            columns[i] = new string?[rows.RowCount];
            await rows.ReadAsync(reader.Schema.FindDataField(Schema.DataFields[i].Name), columns[i].AsMemory()!, null, cancellationToken).ConfigureAwait(false);
        }

        for (var i = 0; i < rows.RowCount; i++)
        {
            var prompt = new Prompt(columns[0][i]!, columns[1][i]!, columns[2][i]) { Split = columns[3][i] };
            prompts.Add(columns[4][i] is { } json
                ? prompt with { Fields = JsonSerializer.Deserialize<SortedDictionary<string, string>>(json)! }
                : prompt);
        }
    }

    private static string? Fields(Prompt prompt) =>
        prompt.Fields.Count == 0 ? null : JsonSerializer.Serialize(new SortedDictionary<string, string>(prompt.Fields.ToDictionary(), StringComparer.Ordinal));

    private static string TableKey(ArtifactKey key) => $"captions/{key}/captions.parquet";

    private static string ManifestKey(ArtifactKey key) => $"captions/{key}/manifest.json";
}
