using GmailCluster.Data.Captions;
using GmailCluster.Data.Storage;
using GmailCluster.Golden;
using GmailCluster.Keys;
using GmailCluster.Specs;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Captions;

public sealed class CaptionStoreTests : ImportTest
{
    private static readonly ArtifactKey Key = ArtifactKey.Of("prompts", 1, new { });

    private FolderObjectStore Store => new(Folder.Path);

    [Fact]
    public async Task Captions_come_back_as_they_were_and_twice_are_the_same_bytes()
    {
        var prompts = await PromptReader.Read(
            new PromptsSpec { Path = GoldenFolder.Sample("emoji", "captions.jsonl"), Splits = ["train"] }, Folder.Path, Token);

        var first = await CaptionStore.Write(Store, Key, prompts, Token);
        var again = await CaptionStore.Write(Store, Key, [.. prompts], Token);
        var read = await CaptionStore.Read(Store, Key, Token);

        Assert.Equal(first, again);
        Assert.Equal($"captions/{Key}/captions.parquet", Assert.Single(first).ObjectKey);
        Assert.Equal(first[0].LengthBytes, (await Store.Stat(first[0].ObjectKey, Token))!.LengthBytes);
        Assert.Equal(prompts.Select(Line), read.Select(Line));
    }

    [Fact]
    public async Task The_manifest_tells_what_the_import_found()
    {
        Folder.Write("x.csv", "id,caption,split\n1,x,a\n2,,a\n3,y,b\n");
        var prompts = await PromptReader.Read(new PromptsSpec { Path = "x.csv", Splits = ["a"] }, Folder.Path, BadRecords.LeaveOut, Token);

        await CaptionStore.Write(Store, Key, prompts, Token);
        var manifest = await CaptionStore.Manifest(Store, Key, Token);

        Assert.Equal((1, 3, 1), (manifest.Count, manifest.RecordCount, manifest.LeftOut["of other splits"]));
        Assert.Equal("line 3, caption: is empty.", Assert.Single(manifest.Problems).ToString());
    }

    [Fact]
    public async Task Awkward_texts_and_an_empty_list_survive()
    {
        Prompt[] awkward =
        [
            new("a/b.jpg#0", "na\u00efve \ud83d\ude42\n\"quoted\", tab\t"), new("2", new string('x', 100_000), ""),
            new("3", "x") { Split = "s", Fields = new Dictionary<string, string> { ["b"] = "1", ["a"] = "" } },
        ];

        await CaptionStore.Write(Store, Key, awkward, Token);
        Assert.Equal(awkward.Select(Line), (await CaptionStore.Read(Store, Key, Token)).Select(Line));
        await CaptionStore.Write(Store, Key, [], Token);
        Assert.Empty(await CaptionStore.Read(Store, Key, Token));
    }

    [Fact]
    public async Task An_altered_or_missing_table_is_refused()
    {
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => CaptionStore.Read(Store, Key, Token));
        var file = Assert.Single(await CaptionStore.Write(Store, Key, [new Prompt("1", "x")], Token));
        var bytes = await Store.ReadAllBytes(file.ObjectKey, Token);
        bytes[bytes.Length / 2] ^= 1;
        await Store.PutBytes(file.ObjectKey, bytes, cancellationToken: Token);

        var error = await Assert.ThrowsAsync<AlteredObjectException>(() => CaptionStore.Read(Store, Key, Token));

        Assert.Equal(file.ObjectKey, error.Key);
    }

    private static string Line(Prompt p) =>
        $"{p.Id}|{p.Caption}|{p.LongCaption ?? "null"}|{p.Split}|{string.Join(',', p.Fields.OrderBy(f => f.Key, StringComparer.Ordinal))}";
}
