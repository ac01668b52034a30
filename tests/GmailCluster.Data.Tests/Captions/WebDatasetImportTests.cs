using System.Text;
using GmailCluster.Data.Shards;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Specs;

namespace GmailCluster.Data.Tests.Captions;

public sealed class WebDatasetImportTests : ImportTest
{
    [Fact]
    public async Task The_samples_real_data_set_is_read_with_long_captions_and_fields()
    {
        var data = await Open(GoldenFolder.Sample("emoji", "noto", "validation.tar"));

        Assert.Equal(253, data.Samples.Count);
        Assert.Equal((253, 253, 253), (data.Report.RecordCount, data.Report.SampleCount, data.Report.CaptionCount));
        Assert.Equal(DatasetFormat.Webdataset, data.Report.Format);
        Assert.Empty(data.Report.Notes);
        var first = data.Samples[0];
        Assert.Equal(("0039-20e3", "keycap, 9", "png"), (first.Id, Assert.Single(first.Captions), first.ImageExtension));
        Assert.StartsWith("keycap, 9, an emoji of the group symbols", first.LongCaption, StringComparison.Ordinal);
        Assert.Equal(["base", "group", "subgroup", "tags", "tone"], first.Fields.Keys);
        Assert.Equal(("symbols", "0", "[\"9\", \"keycap\", \"nine\"]"), (first.Fields["group"], first.Fields["tone"], first.Fields["tags"]));

        var shard = new ShardReader(File.OpenRead(data.Report.Source), "x").Read(Token);
        var index = 0;
        await foreach (var sample in shard)
        {
            Assert.Equal(sample.Members["png"], await data.Samples[index++].ReadImage(Token));
        }
    }

    [Fact]
    public async Task A_tar_made_by_webdataset_itself_is_read()
    {
        var path = Directory.GetFiles(GoldenFolder.Under("files"), "*.tar").Order(StringComparer.Ordinal).First();

        var data = await Open(path);

        Assert.NotEmpty(data.Samples);
        Assert.All(data.Samples, s => Assert.Equal(0x89, s.ReadImage(Token).GetAwaiter().GetResult()[0]));
    }

    [Fact]
    public async Task Tars_made_by_img2dataset_are_read_in_order_of_their_names()
    {
        // What img2dataset writes with output_format webdataset: key from shard and row, the JSON's members as it orders them.
        await Tar("laion/00001.tar", [.. Img2Dataset("000010000", "c\nd", "success", 3)]);
        await Tar("laion/00000.tar", [.. Img2Dataset("000000000", "a", "success", 1), .. Img2Dataset("000000002", "b", "success", 2)]);
        Folder.Write("laion/00000_stats.json", "{\"count\": 3, \"successes\": 2}");
        Folder.Write("laion/00000.parquet", "not read");

        var data = await Open("laion");

        Assert.Equal(["000000000", "000000002", "000010000"], data.Samples.Select(s => s.Id));
        Assert.Equal(["a", "b", "c\nd"], data.Samples.Select(s => s.Captions.Single()));
        Assert.Equal(["https://x.org/000000000.jpg", "jpg"], [data.Samples[0].Fields["url"], data.Samples[0].ImageExtension]);
        Assert.Equal("{\"Make\": \"x\"}", data.Samples[0].Fields["exif"]);
        Assert.False(data.Samples[0].Fields.ContainsKey("error_message"));
        Assert.Equal("1, 2, 3", await Marks(data));
        Assert.Contains("00000.tar: 000000002.jpg", data.Samples[1].Where, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_text_file_the_json_s_caption_counts_and_a_list_is_several_captions()
    {
        await Tar("x.tar", ("a.png", Pictures.Png(1)), ("a.json", Utf8("{\"caption\": [\"one\", \" two \"], \"sentence\": \"three\"}")));

        Assert.Equal(["one", "two"], (await Open("x.tar")).Samples.Single().Captions);
        Assert.Equal(["three"], (await Open(new DatasetSpec { Path = "x.tar", CaptionField = "sentence" })).Samples.Single().Captions);
    }

    [Fact]
    public async Task Bad_samples_are_listed_and_other_members_counted()
    {
        await Tar(
            "x.tar",
            ("README", Utf8("x")),
            ("a.png", Pictures.Png(1)), ("a.txt", Utf8("fine")), ("a.cls", Utf8("7")),
            ("b.txt", Utf8("no picture")),
            ("c.png", Pictures.Png(1)),
            ("d.png", Pictures.Png(1)), ("d.jpg", Pictures.Jpeg(1)), ("d.txt", Utf8("two pictures")),
            ("e.png", Pictures.Png(1)), ("e.txt", Utf8(" \n")),
            ("f.png", Pictures.Png(1)), ("f.txt", [0xff, 0xfe, 0x41]),
            ("g.png", Pictures.Png(1)), ("g.json", Utf8("{\"caption\": ")),
            ("h.png", Pictures.Png(1)), ("h.json", Utf8("[\"caption\"]")),
            ("i.png", Pictures.Png(1)), ("i.json", Utf8("{\"caption\": {\"en\": \"x\"}}")),
            ("j.png", Pictures.Png(1)), ("j.json", Utf8("{\"caption\": \"\\ud800\"}")),
            ("k.json", Utf8("{\"caption\": \"x\", \"status\": \"failed_to_download\", \"error_message\": \"HTTP 404\"}")),
            ("a.png", Pictures.Png(2)), ("a.txt", Utf8("again")));

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "x.tar" });

        Assert.Equal(["fine"], data.Samples.Select(s => s.Captions.Single()));
        Assert.Equal(
            [
                "sample b: has no picture.",
                "sample c: has neither a .txt nor a .json with 'caption'.",
                "sample d: has more than one picture.",
                "sample e, caption: is empty.",
                "sample f, txt: is not UTF-8.",
                "sample g, json: is not valid JSON.",
                "sample h, json: is not an object.",
                "sample i, caption: is not a text.",
                "sample j, caption: is not valid Unicode.",
                "sample k, status: is 'failed_to_download' (HTTP 404).",
                "sample a, key: 'a' was used before.",
            ],
            problems);
        Assert.Equal((12, 1), (data.Report.RecordCount, data.Report.SampleCount));
        Assert.Equal(1, data.Report.LeftOut["members of no sample"]);
        Assert.Equal(1, data.Report.LeftOut["members with the extension 'cls'"]);
    }

    [Fact]
    public async Task A_split_is_taken_from_the_json()
    {
        await Tar(
            "x.tar",
            ("a.png", Pictures.Png(1)), ("a.json", Utf8("{\"caption\": \"x\", \"split\": \"train\"}")),
            ("b.png", Pictures.Png(1)), ("b.json", Utf8("{\"caption\": \"y\", \"split\": \"test\"}")));

        var data = await Open(new DatasetSpec { Path = "x.tar", Split = "test" });

        Assert.Equal(["b"], data.Samples.Select(s => s.Id));
        Assert.Equal((2, 1), (data.Report.RecordCount, data.Report.LeftOut["of other splits"]));
        var error = await Refusal(new DatasetSpec { Path = "x.tar", Split = "val" });
        Assert.Contains("The splits in it are: test, train", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_tar_is_refused_with_its_offset()
    {
        var whole = await File.ReadAllBytesAsync(GoldenFolder.Sample("emoji", "noto", "validation.tar"), Token);
        Folder.Write("x.tar", whole[..(whole.Length / 2)]);

        var error = await Refusal(new DatasetSpec { Path = "x.tar" });

        Assert.Matches("x.tar, offset [0-9]+: the tar is truncated", error.Message);
    }

    [Fact]
    public async Task A_picture_of_a_tar_that_has_changed_meanwhile_is_refused()
    {
        await Tar("x.tar", ("a.png", Pictures.Png(1)), ("a.txt", Utf8("x")));
        var data = await Open("x.tar");
        Folder.Write("x.tar", "");

        var error = await Assert.ThrowsAsync<InputException>(() => data.Samples[0].ReadImage(Token));

        Assert.Contains("x.tar: a.png", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(string, byte[])> Img2Dataset(string key, string caption, string status, byte mark) =>
    [
        ($"{key}.jpg", Pictures.Jpeg(mark)),
        ($"{key}.json", Utf8(
            $$"""
            {
                "caption": "{{caption.Replace("\n", "\\n", StringComparison.Ordinal)}}",
                "url": "https://x.org/{{key}}.jpg",
                "key": "{{key}}",
                "status": "{{status}}",
                "error_message": null,
                "width": 256,
                "height": 256,
                "original_width": 640,
                "original_height": 480,
                "exif": {"Make": "x"},
                "sha256": "00"
            }
            """)),
        ($"{key}.txt", Utf8(caption)),
    ];

    private async Task Tar(string name, params (string Name, byte[] Content)[] members)
    {
        using var memory = new MemoryStream();
        foreach (var (member, content) in members)
        {
            await memory.WriteAsync(TarHeader.For(member, content.Length), Token);
            await memory.WriteAsync(content, Token);
            await memory.WriteAsync(new byte[(512 - (content.Length % 512)) % 512], Token);
        }

        await memory.WriteAsync(new byte[1024], Token);
        Folder.Write(name, memory.ToArray());
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
