using System.Runtime.InteropServices;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Data.Features;
using GmailCluster.Keys;
using GmailCluster.Models.Safetensors;
using GmailCluster.Stages;
using Parquet.Serialization;

namespace GmailCluster.Cli.Tests.Use;

[Collection(TrainedWorldCollection.Name)]
public sealed class EmbedVerbTests(TrainedWorld world)
{
    private static string Validation => RepositoryRoot.At("samples", "emoji", "noto", "validation.tar");

    [Fact]
    public async Task Pictures_and_texts_are_embedded_as_transformers_does()
    {
        using var notes = JsonDocument.Parse(await File.ReadAllBytesAsync(Goldens.At("emoji", "reference.json"), TestContext.Current.CancellationToken));
        using var reference = SafetensorsFile.Open(Goldens.At("emoji", "reference.safetensors"));
        var files = notes.RootElement.GetProperty("files").EnumerateArray().Select(file => file.GetString()!).ToArray();
        var texts = notes.RootElement.GetProperty("captions").EnumerateArray().Select(caption => caption.GetString()!).ToArray();

        var run = await CliRun.Of(["embed", Validation, "--clip", TrainedWorld.Clip, "--normalize", .. texts.SelectMany(text => new[] { "--text", text })]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var rows = run.Out.TrimEnd('\n').Split('\n').Select(Parse).ToArray();
        var pictures = rows.Where(row => row.Kind == "picture").ToDictionary(row => row.Name, row => row.Embedding, StringComparer.Ordinal);
        Close(Values(reference, "image_embeds"), [.. files.SelectMany(file => pictures[$"{Validation}: {file}"])]);
        Close(Values(reference, "text_embeds"), [.. rows.Where(row => row.Kind == "text").SelectMany(row => row.Embedding)]);
        Assert.Equal(texts, rows.Where(row => row.Kind == "text").Select(row => row.Name));
    }

    [Fact]
    public async Task An_adapter_gives_what_the_pipeline_computed_through_gen_clip()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var store = ObjectStores.Open(world.Store);
        var generated = Directory.EnumerateDirectories(Path.Combine(world.Store, "images")).Single(set => File.ReadAllText(Path.Combine(set, "leaf-00000.json")).Split("sha256").Length > 3);
        var tables = new List<FeatureTable>();
        foreach (var key in Directory.EnumerateDirectories(Path.Combine(world.Store, "features")).Select(folder => new ArtifactKey(Path.GetFileName(folder)!)))
        {
            tables.Add(await FeatureStore.Load(store, key, "embeddings", cancellationToken));
        }

        var file = Path.Combine(world.Folder, "gen-clip.jsonl");
        var shards = Directory.GetFiles(Path.Combine(generated, "shards")).Order(StringComparer.Ordinal).ToArray();
        var run = await CliRun.Of(["embed", .. shards, "--clip", TrainedWorld.Clip, "--adapter", $"runs/{world.Key(StageKind.Align)}", "--store", world.Store, "--out", file]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var rows = (await File.ReadAllLinesAsync(file, cancellationToken)).Select(Parse).ToArray();
        Assert.Equal($"wrote {file}: {rows.Length} embeddings of 128 values\n", run.Out);
        var candidates = tables.Where(table => table.Ids.Length == rows.Length && table.Ids[0].Contains('#', StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, candidates.Length); // through CLIP and through Gen-CLIP
        double Distance(FeatureTable table) => Match(rows, table);
        var (near, far) = (candidates.Min(Distance), candidates.Max(Distance));
        Assert.InRange(near, 0, 1e-5);
        Assert.True(far > 1e-3, $"The adapter changes nothing ({far}).");
    }

    [Fact]
    public async Task Every_form_of_file_holds_the_same_rows_and_is_written_alike_twice()
    {
        var pictures = await world.Pictures(3);
        string[] line = ["embed", pictures, "--text", "a <cat>", "--clip", TrainedWorld.Clip];
        var lines = (await CliRun.Of(line)).Out;
        var expected = lines.TrimEnd('\n').Split('\n').Select(Parse).ToArray();
        Assert.Equal(4, expected.Length);

        foreach (var extension in new[] { "jsonl", "parquet", "safetensors" })
        {
            var (first, second) = (Path.Combine(world.Folder, "new", $"a.{extension}"), Path.Combine(world.Folder, $"b.{extension}"));
            Assert.Equal(0, (await CliRun.Of([.. line, "--out", first])).ExitCode);
            Assert.Equal(0, (await CliRun.Of([.. line, "--out", second, "--slots", "1"])).ExitCode);

            Assert.Equal(await File.ReadAllBytesAsync(first, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(second, TestContext.Current.CancellationToken));
            var rows = await Rows(first);
            Assert.Equal(expected.Select(row => (row.Name, row.Kind)), rows.Select(row => (row.Name, row.Kind)));
            Assert.Equal(expected.SelectMany(row => row.Embedding), rows.SelectMany(row => row.Embedding));
        }
    }

    [Fact]
    public async Task A_tuned_text_tower_embeds_with_the_tokenizer_beside_it()
    {
        var untuned = await CliRun.Of("embed", "--text", "red heart", "--clip", TrainedWorld.Clip);
        var tuned = await CliRun.Of("embed", "--text", "red heart", "--clip", TrainedWorld.Clip, "--text-model", world.Run(StageKind.Retrieve));
        var bare = await CliRun.Of(
            "embed", "--text", "red heart", "--clip", TrainedWorld.Clip, "--text-model",
            world.CopyWithout(StageKind.Retrieve, "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"));

        Assert.Equal(0, tuned.ExitCode);
        Assert.NotEqual(untuned, tuned);
        Assert.Equal(tuned, bare); // CLIP's own
    }

    [Fact]
    public async Task A_stretched_tower_reads_further_than_the_short_one()
    {
        var text = string.Join(' ', Enumerable.Repeat("red heart and", 30));
        string[] Line(string tail, StageKind kind) => ["embed", "--text", $"{text} {tail}", "--clip", TrainedWorld.Clip, "--text-model", world.Run(kind)];
        static float[] Values(CliRun run) => Parse(run.Out).Embedding;

        Assert.Equal(Values(await CliRun.Of(Line("cat", StageKind.Retrieve))), Values(await CliRun.Of(Line("volcano", StageKind.Retrieve))));
        text = string.Join(' ', Enumerable.Repeat("red heart and", 15));
        Assert.NotEqual(Values(await CliRun.Of(Line("cat", StageKind.Long))), Values(await CliRun.Of(Line("volcano", StageKind.Long))));
        Assert.Contains("\"model_max_length\": 92", await File.ReadAllTextAsync(Path.Combine(world.Run(StageKind.Long), "tokenizer_config.json"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        var narrow = Path.Combine(world.Folder, "narrow");
        SmallClip.Write(narrow, projection: 24);
        var adapter = world.Run(StageKind.Align);
        (string[] Arguments, string Error)[] cases =
        [
            (["--clip", TrainedWorld.Clip], "There is nothing to embed. Name pictures, or a text with --text."),
            (["--clip", "nowhere", "--text", "a"], "nowhere: is no folder. Name the folder of a CLIP text tower."),
            (["nowhere.png", "--clip", "nowhere"], "nowhere: is no folder. Name the folder of a CLIP model."),
            (["--text", "a", "--clip", TrainedWorld.Clip, "--adapter", adapter], "--adapter: has no effect without pictures: it is on the image tower."),
            (["nowhere.png", "--clip", TrainedWorld.Clip, "--text-model", narrow], "--text-model: has no effect without --text."),
            (["nowhere.png", "--clip", TrainedWorld.Clip, "--adapter", TrainedWorld.Clip], $"{TrainedWorld.Clip}: holds a CLIP model, not a PEFT adapter."),
            (["nowhere.png", "--clip", narrow, "--adapter", adapter], $"{adapter}"),
            (["nowhere.png", "--clip", TrainedWorld.Clip, "--adapter", world.Folder], $"{world.Folder}: holds no adapter_config.json. Name the folder of a PEFT adapter, such as the result of an align run."),
            (["nowhere.png", "--text", "a", "--clip", TrainedWorld.Clip, "--text-model", narrow], $"{narrow}: embeds texts in 24 values, but {TrainedWorld.Clip} embeds pictures in 128."),
            (["--text", "a", "--clip", TrainedWorld.Clip, "--out", "e.csv"], "e.csv: has no extension that says how embeddings are to be written. End its name in .parquet, .jsonl, .safetensors."),
        ];

        foreach (var (arguments, error) in cases)
        {
            var run = await CliRun.Of(["embed", .. arguments]);

            Assert.Equal((2, ""), (run.ExitCode, run.Out));
            Assert.StartsWith(error, run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_a_failure_with_a_remedy()
    {
        var blocked = Path.Combine(await world.Pictures(1), "x");
        await File.WriteAllTextAsync(blocked, "a file where a folder should be", TestContext.Current.CancellationToken);

        var run = await CliRun.Of("embed", "--text", "a", "--clip", TrainedWorld.Clip, "--out", Path.Combine(blocked, "e.jsonl"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cannot be written", run.Error, StringComparison.Ordinal);
    }

    private static async Task<Row[]> Rows(string path)
    {
        switch (Path.GetExtension(path))
        {
            case ".jsonl":
                return [.. (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken)).Select(Parse)];
            case ".parquet":
                await using (var stream = File.OpenRead(path))
                {
                    var table = await ParquetSerializer.DeserializeAsync<ParquetRow>(stream, cancellationToken: TestContext.Current.CancellationToken);
                    return [.. table.Data.Select(row => new Row(row.name, row.kind, [.. row.embedding]))];
                }

            default:
                using (var file = SafetensorsFile.Open(path))
                {
                    var (names, kinds) = (JsonSerializer.Deserialize<string[]>(file.Metadata["names"])!, JsonSerializer.Deserialize<string[]>(file.Metadata["kinds"])!);
                    var width = (int)file.Entries["embeddings"].Shape[1];
                    return [.. Values(file, "embeddings").Chunk(width).Select((values, i) => new Row(names[i], kinds[i], values))];
                }
        }
    }

    // The largest distance between equal pictures; tars are read in another order than the table's.
    private static double Match(Row[] rows, FeatureTable table)
    {
        var width = (int)table.Shape[1];
        return rows.Max(row => table.Values.Chunk(width).Min(values => values.Zip(row.Embedding, (a, b) => Math.Abs(a - b)).Max()));
    }

    private static Row Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        return new Row(
            json.RootElement.GetProperty("name").GetString()!, json.RootElement.GetProperty("kind").GetString()!,
            [.. json.RootElement.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle())]);
    }

    private static float[] Values(SafetensorsFile file, string name) =>
        MemoryMarshal.Cast<byte, float>(file.Bytes(name, 0, (int)file.Entries[name].LengthBytes)).ToArray();

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max() / expected.Max(Math.Abs), 0, 1e-4);
    }

    private sealed record Row(string Name, string Kind, float[] Embedding);

#pragma warning disable IDE1006, CA1812 // The file's own names; made by the serializer.
    private sealed class ParquetRow
    {
        public string name { get; set; } = "";

        public string kind { get; set; } = "";

        public List<float> embedding { get; set; } = [];
    }
#pragma warning restore IDE1006, CA1812
}
