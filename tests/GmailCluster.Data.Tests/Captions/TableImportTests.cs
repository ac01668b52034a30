using GmailCluster.Data.Captions;
using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Data.Tests.Captions;

/// <summary>CSV, TSV, JSONL and Conceptual Captions' TSV. (Parquet has its own class.)</summary>
public sealed class TableImportTests : ImportTest
{
    public TableImportTests()
    {
        Folder.Write("a.jpg", Pictures.Jpeg(1));
        Folder.Write("b.png", Pictures.Png(2));
    }

    [Fact]
    public async Task A_csv_with_named_columns_is_read()
    {
        Folder.Write(
            "x.csv",
            "\ufeffid,image,caption,long_caption,split,source\r\n" +
            "1,a.jpg,\"A cat, \"\"asleep\"\"\",\"two\r\nlines\",train,web\r\n" +
            "\r\n" +
            "2,b.png,A dog,,test,\r\n");

        var data = await Open("x.csv");

        Assert.Equal(DatasetFormat.Csv, data.Report.Format);
        Assert.Equal(["1", "2"], data.Samples.Select(s => s.Id));
        Assert.Equal(["A cat, \"asleep\"", "A dog"], data.Samples.Select(s => s.Captions.Single()));
        Assert.Equal(("two\nlines", "train"), (data.Samples[0].LongCaption, data.Samples[0].Split));
        Assert.Null(data.Samples[1].LongCaption);
        Assert.Equal("web", Assert.Single(data.Samples[0].Fields).Value);
        Assert.Empty(data.Samples[1].Fields);
        Assert.Equal("1, 2", await Marks(data));
    }

    [Fact]
    public async Task Columns_may_have_other_names_and_rows_of_one_picture_are_one_sample()
    {
        // Flickr30k's results.csv, whose columns are named by hand.
        Folder.Write("results.csv", "image_name,comment_number,comment\na.jpg,0,one\na.jpg,1,two\nb.png,0,three\na.jpg,2,four\n");

        var data = await Open(new DatasetSpec { Path = "results.csv", ImageField = "image_name", CaptionField = "comment" });

        Assert.Equal(["a.jpg", "b.png"], data.Samples.Select(s => s.Id));
        Assert.Equal(["one", "two", "four"], data.Samples[0].Captions);
        Assert.Equal((4, 2, 4), (data.Report.RecordCount, data.Report.SampleCount, data.Report.CaptionCount));
    }

    [Fact]
    public async Task A_tsv_with_a_header_is_read_and_a_split_chosen()
    {
        Folder.Write("x.tsv", "image\tcaption\tsplit\na.jpg\tan \"odd\" one\ttrain\nb.png\t\"quoted\ttab\"\ttest\n");

        var data = await Open(new DatasetSpec { Path = "x.tsv", Split = "test" });

        Assert.Equal(DatasetFormat.Tsv, data.Report.Format);
        Assert.Equal("quoted\ttab", Assert.Single(data.Samples).Captions.Single());
        Assert.Equal("an \"odd\" one", (await Open("x.tsv")).Samples[0].Captions.Single());
    }

    [Fact]
    public async Task Jsonl_is_read_with_lists_of_captions_and_other_values_as_json()
    {
        Folder.Write(
            "x.jsonl",
            "{\"id\": 7, \"image\": \"a.jpg\", \"caption\": [\"one\", \"two\"], \"tags\": [\"x\", \"y\"], \"size\": {\"w\": 1}, \"ok\": true, \"none\": null}\n\n" +
            "{\"image\": \"b.png\", \"caption\": \"na\\u00efve \\ud83d\\ude42\"}\n");

        var data = await Open("x.jsonl");

        Assert.Equal(["7", "b.png"], data.Samples.Select(s => s.Id));
        Assert.Equal(["one", "two"], data.Samples[0].Captions);
        Assert.Equal("na\u00efve \ud83d\ude42", data.Samples[1].Captions.Single());
        Assert.Equal(["ok=true", "size={\"w\": 1}", "tags=[\"x\",\"y\"]"], data.Samples[0].Fields.Select(f => $"{f.Key}={f.Value}"));
    }

    [Fact]
    public async Task Bad_rows_are_listed_by_their_lines()
    {
        Folder.Write(
            "x.csv",
            "id,image,caption\n1,a.jpg,fine\n2,gone.jpg,x\n3,,x\n4,a.jpg,  \n5,a.jpg\n6,a.jpg,x,y\n7,a.jpg,\"x\"y\n1,b.png,other\n8,a.jpg,\"never\nclosed\n");

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "x.csv" });

        Assert.Equal("fine", Assert.Single(data.Samples).Captions.Single());
        Assert.Equal(
            [
                $"line 3, image: '{Path.Combine(Folder.Path, "gone.jpg")}' does not exist.",
                "line 4, image: names no picture.",
                "line 5, caption: is empty.",
                "line 6: has 2 columns where the header has 3.",
                "line 7: has 4 columns where the header has 3.",
                "line 8: has text after the closing quote of column 3.",
                "line 9, id: '1' was used before, with another picture.",
                "line 10: opens a quote that is never closed.",
            ],
            problems);
        Assert.Equal(9, data.Report.RecordCount);
    }

    [Theory]
    [InlineData("../secret.jpg")]
    [InlineData("sub/../../secret.jpg")]
    [InlineData("{0}/secret.jpg")]
    [InlineData("{0}/pictures-of-others/secret.jpg")]
    public async Task A_picture_outside_the_folder_of_pictures_is_refused(string name)
    {
        var pictures = Path.GetDirectoryName(Folder.Write("pictures/a.jpg", Pictures.Jpeg(1)))!;
        Folder.Write("secret.jpg", Pictures.Jpeg(2));
        Folder.Write("pictures-of-others/secret.jpg", Pictures.Jpeg(3));
        name = name.Replace("{0}", Folder.Path, StringComparison.Ordinal);
        Folder.Write("x.csv", $"image,caption\na.jpg,fine\n{name},x\n{Path.Combine(pictures, "a.jpg")},x\n");

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "x.csv", Images = "pictures" });

        Assert.Equal(2, data.Samples.Count);
        Assert.Equal([$"line 3, image: '{name}' lies outside the folder of pictures, {pictures}; the spec's key 'images' names another."], problems);
    }

    [Theory]
    [InlineData("x.csv", "image,caption\na.jpg,\"", "opens a quote at line 2 that is not closed within")]
    [InlineData("x.tsv", "image\tcaption\na.jpg\t", "has a line of more than 16777216 bytes, at line 2")]
    [InlineData("x.jsonl", "{\"image\": \"", "has a line of more than 16777216 bytes, at line 1")]
    public async Task A_record_without_end_is_refused_before_it_fills_the_memory(string name, string start, string problem)
    {
        var isQuote = start.EndsWith('"') && name == "x.csv";
        var path = Folder.Write(name, start);
        await using (var file = new FileStream(path, FileMode.Append))
        {
            var piece = System.Text.Encoding.ASCII.GetBytes(isQuote ? new string('x', 99) + "\n" : new string('x', 100));
            for (var i = 0; i < 200_000; i++)
            {
                await file.WriteAsync(piece, Token);
            }
        }

        Assert.Contains(problem, (await Refusal(new DatasetSpec { Path = name })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_lines_of_jsonl_are_listed()
    {
        Folder.Write(
            "x.jsonl",
            "{\"image\": \"a.jpg\", \"caption\": \"fine\"}\n{\"image\": \"a.jpg\"\n[1]\n{\"image\": \"a.jpg\", \"caption\": [1]}\n" +
            "{\"image\": [\"a.jpg\"], \"caption\": \"x\"}\n{\"caption\": \"x\"}\n{\"image\": \"a.jpg\", \"caption\": \"x\", \"caption\": \"y\"}\n" +
            "{\"id\": \"a\\u0000b\", \"image\": \"a.jpg\", \"caption\": \"x\"}\n{\"id\": \" \", \"image\": \"a.jpg\", \"caption\": \"x\"}\n" +
            "{\"image\": \"a\\u0000.jpg\", \"caption\": \"x\"}\n{\"image\": \"a.jpg\", \"caption\": \"\\ud800\"}\n{\"image\": \"a.jpg\", \"caption\": []}\n");

        var (_, problems) = await OpenWithProblems(new DatasetSpec { Path = "x.jsonl" });

        Assert.Equal(
            [
                "line 2: is not valid JSON (column 18).",
                "line 3: is not a JSON object.",
                "line 5, image: is not a text.",
                "line 6, image: names no picture.",
                "line 7: has the member 'caption' twice.",
                "line 8, id: is empty or has a control character.",
                "line 9, id: is empty or has a control character.",
                "line 10, image: names no picture.",
                "line 11: caption is not valid Unicode.",
                "line 12, caption: is empty.",
            ],
            problems);
    }

    [Fact]
    public async Task Only_the_first_twenty_bad_rows_are_listed_and_the_rest_counted()
    {
        Folder.Write("x.csv", "image,caption\n" + string.Concat(Enumerable.Range(0, 33).Select(i => $"gone{i}.jpg,x\n")));

        var error = await Refusal(new DatasetSpec { Path = "x.csv" });

        Assert.Contains("33 of 33 records cannot be used", error.Message, StringComparison.Ordinal);
        Assert.Contains("line 21, image", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("line 22, image", error.Message, StringComparison.Ordinal);
        Assert.Contains("and 13 more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("image,text\na.jpg,x\n", "has no column 'caption'. Its columns are: image, text.")]
    [InlineData("picture,caption\na.jpg,x\n", "has no column 'image'. Its columns are: picture, caption.")]
    [InlineData("image,caption,caption\na.jpg,x,y\n", "names the column 'caption' twice")]
    [InlineData("image,,caption\na.jpg,x,y\n", "a column without a name")]
    [InlineData("image,caption\n", "has no usable records")]
    [InlineData("image,\"caption\n", "line 1 opens a quote")]
    public async Task A_table_that_cannot_be_right_is_refused_as_a_whole(string csv, string why)
    {
        Folder.Write("x.csv", csv);

        Assert.Contains(why, (await Refusal(new DatasetSpec { Path = "x.csv" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_not_utf_8_is_refused_with_its_line()
    {
        Folder.Write("x.csv", [.. "image,caption\na.jpg,caf"u8, 0xe9, .. "\n"u8]);
        Folder.Write("x.jsonl", [.. "{\"image\": \"a.jpg\", \"caption\": \""u8, 0xe9, .. "\"}\n"u8]);

        Assert.Contains("is not UTF-8 text, at line 1 or soon after", (await Refusal(new DatasetSpec { Path = "x.csv" })).Message, StringComparison.Ordinal);
        Assert.Contains("is not UTF-8 text", (await Refusal(new DatasetSpec { Path = "x.jsonl" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conceptual_captions_are_rows_whose_pictures_img2dataset_names_by_number()
    {
        Folder.Write("Train_GCC-training.tsv", "a very typical bus station\thttp://lh6.ggpht.com/-IvRtNLNcG8o/x.jpg\nthe \"sierra went\tto\tfar\nsierra looked\thttp://78.media.tumblr.com/y.jpg\nx\tnot a url\n");
        Folder.Write("images/00000/000000000.jpg", Pictures.Jpeg(5));
        var spec = new DatasetSpec { Path = "Train_GCC-training.tsv", Images = "images" };

        var (data, problems) = await OpenWithProblems(spec);

        Assert.Equal(DatasetFormat.Cc3m, data.Report.Format);
        var sample = Assert.Single(data.Samples);
        Assert.Equal(("000000000", "a very typical bus station", "http://lh6.ggpht.com/-IvRtNLNcG8o/x.jpg"), (sample.Id, sample.Captions.Single(), sample.Fields["url"]));
        Assert.Equal(5, await Mark(sample));
        Assert.Equal(
            [
                "line 2: has 3 columns where caption and URL were expected.",
                "line 3, url: was not downloaded: there is no picture '00000/000000002' or '000000002'.",
                "line 4: has 'not a url' where a URL was expected.",
            ],
            problems);
    }

    [Fact]
    public async Task Conceptual_captions_without_pictures_say_how_to_get_them_when_one_is_asked_for()
    {
        Folder.Write("Validation_GCC-1.1.0-Validation.tsv", "author : a life in photography\thttps://x.org/a.jpg\nan angler fishes\thttps://x.org/b.jpg\n");

        var data = await Open("Validation_GCC-1.1.0-Validation.tsv");

        Assert.Equal(["000000000", "000000001"], data.Samples.Select(s => s.Id));
        var error = await Assert.ThrowsAsync<InputException>(() => data.Samples[1].ReadImage(Token));
        Assert.Contains("img2dataset", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_would_have_no_effect_are_refused()
    {
        Folder.Write("x.csv", "image,caption\na.jpg,x\n");
        Folder.Write("set/a.jpg", Pictures.Jpeg(1));
        Folder.Write("set/a.txt", "x");

        Assert.Contains("no column 'split'", (await Refusal(new DatasetSpec { Path = "x.csv", Split = "train" })).Message, StringComparison.Ordinal);
        Assert.Contains("names no splits", (await Refusal(new DatasetSpec { Path = "set", Split = "train" })).Message, StringComparison.Ordinal);
        Assert.Contains("holds its pictures", (await Refusal(new DatasetSpec { Path = "set", Images = "." })).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", (await Refusal(new DatasetSpec { Path = "set", Format = DatasetFormat.Csv })).Message, StringComparison.Ordinal);
        Assert.Contains("is a file", (await Refusal(new DatasetSpec { Path = "x.csv", Format = DatasetFormat.Folder })).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", (await Refusal(new DatasetSpec { Path = "x.csv", Images = "nowhere" })).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", (await Refusal(new DatasetSpec { Path = "nowhere.csv" })).Message, StringComparison.Ordinal);
        Assert.Contains("no known layout", (await Refusal(new DatasetSpec { Path = "a.jpg" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_tells_what_a_reader_should_know()
    {
        Folder.Write("x.csv", "image,caption,split\na.jpg,x,train\nb.png,y,test\ngone.jpg,z,train\n");

        var data = await Open(new DatasetSpec { Path = "x.csv", Split = "train" }, BadRecords.LeaveOut);

        var path = Path.Combine(Folder.Path, "x.csv");
        Assert.Equal(
            [$"{path}: 1 left out: of other splits.", $"{path}: not usable: line 4, image: '{Path.Combine(Folder.Path, "gone.jpg")}' does not exist."],
            data.Report.Notes);
    }
}
