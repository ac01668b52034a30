using GmailCluster.Data.Captions;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Specs;

namespace GmailCluster.Data.Tests.Captions;

public sealed class PromptReaderTests : ImportTest
{
    [Fact]
    public async Task The_samples_prompt_list_is_read_by_split()
    {
        var path = GoldenFolder.Sample("emoji", "captions.jsonl");

        var all = await Read(new PromptsSpec { Path = path });
        var some = await Read(new PromptsSpec { Path = path, Splits = ["train", "test-novel"] });

        Assert.Equal(File.ReadLines(path).Count(), all.Count);
        Assert.Equal(all.Where(p => p.Split is "train" or "test-novel"), some, (a, b) => a!.Id == b!.Id);
        Assert.Equal(all.Count - some.Count, some.Report.LeftOut["of other splits"]);
        var first = all[0];
        Assert.Equal(("1f600", "grinning face", "train"), (first.Id, first.Caption, first.Split));
        Assert.StartsWith("grinning face, an emoji", first.LongCaption, StringComparison.Ordinal);
        Assert.Equal(["group", "subgroup", "tone"], first.Fields.Keys);
    }

    [Theory]
    [InlineData("x.csv", "id,caption,split\n1,a cat,train\n2,\"a dog, asleep\",test\n")]
    [InlineData("x.tsv", "id\tcaption\tsplit\n1\ta cat\ttrain\n2\ta dog, asleep\ttest\n")]
    [InlineData("x.jsonl", "{\"id\": 1, \"caption\": \"a cat\", \"split\": \"train\"}\n{\"id\": \"2\", \"caption\": \" a dog, asleep\", \"split\": \"test\"}")]
    public async Task Every_table_format_gives_the_same_prompts(string name, string content)
    {
        Folder.Write(name, content);

        var prompts = await Read(new PromptsSpec { Path = name });

        Assert.Equal(["1:a cat:train", "2:a dog, asleep:test"], prompts.Select(p => $"{p.Id}:{p.Caption}:{p.Split}"));
    }

    [Fact]
    public async Task Conceptual_captions_are_prompts_as_they_are()
    {
        Folder.Write("Train_GCC-training.tsv", "a bus station\thttp://x.org/x.jpg\nan angler\thttp://x.org/y.jpg\n");

        var prompts = await Read(new PromptsSpec { Path = "Train_GCC-training.tsv" });

        Assert.Equal(["000000000:a bus station", "000000001:an angler"], prompts.Select(p => $"{p.Id}:{p.Caption}"));
        Assert.Equal("http://x.org/y.jpg", prompts[1].Fields["url"]);
    }

    [Fact]
    public async Task A_limit_chooses_by_id_whatever_the_order_and_a_smaller_one_chooses_a_part()
    {
        var lines = Enumerable.Range(0, 200).Select(i => $"id{i},caption {i}\n").ToList();
        Folder.Write("x.csv", "id,caption\n" + string.Concat(lines));
        Folder.Write("y.csv", "id,caption\n" + string.Concat(Enumerable.Reverse(lines)));

        var forty = await Read(new PromptsSpec { Path = "x.csv", Limit = 40 });
        var reversed = await Read(new PromptsSpec { Path = "y.csv", Limit = 40 });
        var ten = await Read(new PromptsSpec { Path = "x.csv", Limit = 10 });

        Assert.Equal(40, forty.Count);
        Assert.Equal(forty.Select(p => p.Id).Order(), reversed.Select(p => p.Id).Order());
        Assert.Subset(forty.Select(p => p.Id).ToHashSet(), ten.Select(p => p.Id).ToHashSet());
        Assert.Equal(forty.OrderBy(p => int.Parse(p.Id[2..], System.Globalization.CultureInfo.InvariantCulture)), forty);
        Assert.InRange(forty.Count(p => int.Parse(p.Id[2..], System.Globalization.CultureInfo.InvariantCulture) < 100), 10, 30);
        Assert.Equal(160, forty.Report.LeftOut["over the limit"]);
        Assert.Equal(200, (await Read(new PromptsSpec { Path = "x.csv", Limit = 1000 })).Count);
    }

    [Fact]
    public async Task Bad_prompts_are_listed()
    {
        Folder.Write(
            "x.jsonl",
            "{\"id\": \"1\", \"caption\": \"x\"}\n{\"id\": \"1\", \"caption\": \"y\"}\n{\"caption\": \"y\"}\n{\"id\": \"2\"}\n{\"id\": \"3\", \"caption\": [\"a\", \"b\"]}\n{\"id\"\n");
        var spec = new PromptsSpec { Path = "x.jsonl" };

        var kept = await PromptReader.Read(spec, Folder.Path, BadRecords.LeaveOut, Token);
        var error = await Assert.ThrowsAsync<InputException>(() => Read(spec));

        Assert.Equal("x", Assert.Single(kept).Caption);
        Assert.Equal(
            [
                "line 2, id: '1' was used before.", "line 3, id: is empty.", "line 4, caption: is empty.", "line 5, caption: is not a text.",
                "line 6: is not valid JSON (column 6).",
            ],
            kept.Report.Problems.Select(p => p.ToString()));
        Assert.Contains("5 of 6 records cannot be used", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_right_is_refused_as_a_whole()
    {
        Folder.Write("x.csv", "key,caption\n1,x\n");
        Folder.Write("x.jpg", "x");

        Assert.Contains("no column 'id'", (await Refusal(new PromptsSpec { Path = "x.csv" })).Message, StringComparison.Ordinal);
        Assert.Contains("no column 'split'", (await Refusal(new PromptsSpec { Path = "x.csv", IdField = "key", Splits = ["a"] })).Message, StringComparison.Ordinal);
        Assert.Contains("no known layout", (await Refusal(new PromptsSpec { Path = "x.jpg" })).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", (await Refusal(new PromptsSpec { Path = "nowhere.csv" })).Message, StringComparison.Ordinal);
    }

    private Task<PromptList> Read(PromptsSpec spec) => PromptReader.Read(spec, Folder.Path, Token);

    private Task<InputException> Refusal(PromptsSpec spec) => Assert.ThrowsAsync<InputException>(() => Read(spec));
}
