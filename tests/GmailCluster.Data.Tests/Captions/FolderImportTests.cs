using GmailCluster.Specs;

namespace GmailCluster.Data.Tests.Captions;

public sealed class FolderImportTests : ImportTest
{
    [Fact]
    public async Task Every_picture_has_the_lines_of_its_text_file_as_captions()
    {
        Folder.Write("set/b.jpg", Pictures.Jpeg(2));
        Folder.Write("set/b.txt", "\ufeffone\r\n\r\n two \n");
        Folder.Write("set/a/x.y.PNG", Pictures.Png(1));
        Folder.Write("set/a/x.y.txt", "deep");
        Folder.Write("set/a/x.y.json", "{\"long_caption\": \"deeper\", \"author\": \"me\"}");
        Folder.Write("set/.DS_Store", "x");
        Folder.Write("set/license.md", "x");

        var data = await Open("set");

        Assert.Equal(DatasetFormat.Folder, data.Report.Format);
        Assert.Equal(["a/x.y", "b"], data.Samples.Select(s => s.Id));
        Assert.Equal(["one", "two"], data.Samples[1].Captions);
        Assert.Equal(("deeper", "me", "png"), (data.Samples[0].LongCaption, data.Samples[0].Fields["author"], data.Samples[0].ImageExtension));
        Assert.Equal("1, 2", await Marks(data));
        Assert.Equal((2, 2, 3), (data.Report.RecordCount, data.Report.SampleCount, data.Report.CaptionCount));
        Assert.Equal(2, data.Report.LeftOut["files of other kinds"]);
    }

    [Fact]
    public async Task Pictures_and_texts_without_each_other_are_listed()
    {
        Folder.Write("set/a.png", Pictures.Png(1));
        Folder.Write("set/b.txt", "x");
        Folder.Write("set/c.png", Pictures.Png(1));
        Folder.Write("set/c.jpg", Pictures.Jpeg(1));
        Folder.Write("set/c.txt", "x");
        Folder.Write("set/d.png", Pictures.Png(1));
        Folder.Write("set/d.txt", "\n");
        Folder.Write("set/e.png", Pictures.Png(1));
        Folder.Write("set/e.txt", "fine");
        Folder.Write("set/f.png", Pictures.Png(1));
        Folder.Write("set/f.txt", [0xc3, 0x28]);

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "set" });

        Assert.Equal(["e"], data.Samples.Select(s => s.Id));
        Assert.Equal(
            [
                "a: has no .txt file beside it.", "b: has no picture beside it.", "c: is the name of more than one picture.",
                "d, txt: is empty.", "f, txt: is not UTF-8.",
            ],
            problems);
    }

    [Fact]
    public async Task An_empty_folder_is_of_no_layout()
    {
        Folder.Write("set/x.md", "x");

        var error = await Refusal(new DatasetSpec { Path = "set" });

        Assert.Contains("neither tars nor pictures", error.Message, StringComparison.Ordinal);
    }
}
