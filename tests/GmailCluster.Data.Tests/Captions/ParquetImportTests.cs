using GmailCluster.Data.Captions;
using GmailCluster.Specs;
using Parquet;
using Parquet.Serialization;

namespace GmailCluster.Data.Tests.Captions;

public sealed class ParquetImportTests : ImportTest
{
    [Fact]
    public async Task File_names_and_scalar_columns_are_read()
    {
        Folder.Write("pictures/a.jpg", Pictures.Jpeg(1));
        await Write("x.parquet", new[]
        {
            new Flat { id = 7, image = "a.jpg", caption = "one", long_caption = "long", score = 0.25, split = "train" },
            new Flat { id = 8, image = "gone.jpg", caption = "two" },
            new Flat { id = 9, image = "a.jpg" },
        });

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "x.parquet", Images = "pictures" });

        Assert.Equal(DatasetFormat.Parquet, data.Report.Format);
        var sample = Assert.Single(data.Samples);
        Assert.Equal(("7", "one", "long", "train"), (sample.Id, sample.Captions.Single(), sample.LongCaption, sample.Split));
        Assert.Equal("score=0.25", Assert.Single(sample.Fields.Select(f => $"{f.Key}={f.Value}")));
        Assert.Equal(1, await Mark(sample));
        Assert.Equal([$"row 2, image: '{Path.Combine(Folder.Path, "pictures", "gone.jpg")}' does not exist.", "row 3, caption: is empty."], problems);
    }

    [Fact]
    public async Task Hugging_Face_s_layout_holds_pictures_and_lists_of_captions()
    {
        await Write(
            "train-00000-of-00001.parquet",
            Enumerable.Range(0, 7).Select(i => new HuggingFace
            {
                image = new Embedded { bytes = i % 2 == 0 ? Pictures.Png((byte)i) : Pictures.Jpeg((byte)i), path = $"{i}.png" },
                caption = [$"a{i}", $"b{i}"],
            }),
            rowsPerGroup: 3);

        var data = await Open("train-00000-of-00001.parquet");

        Assert.Equal(Enumerable.Range(1, 7).Select(i => $"row {i}"), data.Samples.Select(s => s.Id));
        Assert.Equal(["a3", "b3"], data.Samples[3].Captions);
        Assert.Equal(["png", "jpg", "png"], data.Samples.Take(3).Select(s => s.ImageExtension));
        for (var i = 6; i >= 0; i--)
        {
            Assert.Equal(i, await Mark(data.Samples[i]));
        }

        var marks = await Task.WhenAll(data.Samples.Select(sample => Task.Run(() => Mark(sample), Token)));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], marks);
    }

    [Fact]
    public async Task Img2dataset_s_parquet_holds_pictures_in_the_column_jpg()
    {
        await Write("00000.parquet", new[]
        {
            new Img2Dataset { key = "000000000", caption = "x", jpg = Pictures.Jpeg(4), status = "success" },
            new Img2Dataset { key = "000000001", caption = "x", status = "failed_to_download" },
            new Img2Dataset { key = "000000002", caption = "x", jpg = [1, 2, 3] },
        });

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "00000.parquet", ImageField = "jpg" });

        Assert.Equal(4, await Mark(Assert.Single(data.Samples)));
        Assert.Equal(["row 2, jpg: names no picture.", "row 3: jpg holds bytes that are no PNG, JPEG, WebP, GIF or BMP picture."], problems);
    }

    [Fact]
    public async Task A_missing_column_is_named_with_those_there_are()
    {
        await Write("x.parquet", new[] { new Flat { image = "a.jpg", caption = "x" } });

        var error = await Refusal(new DatasetSpec { Path = "x.parquet", CaptionField = "text" });

        Assert.Contains("no column 'text'. Its columns are: id, image, caption, long_caption, score, split.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_files_are_refused_and_none_crashes()
    {
        Folder.Write("a.jpg", Pictures.Jpeg(1));
        await Write("x.parquet", new[] { new Flat { id = 7, image = "a.jpg", caption = "one" }, new Flat { id = 8, image = "a.jpg", caption = "two" } });
        var whole = await File.ReadAllBytesAsync(Path.Combine(Folder.Path, "x.parquet"), Token);

        for (var length = 0; length < whole.Length; length += 13)
        {
            Folder.Write("x.parquet", whole[..length]);
            Assert.Contains("x.parquet", (await Refusal(new DatasetSpec { Path = "x.parquet" })).Message, StringComparison.Ordinal);
        }

        var refused = 0;
        for (var at = 0; at < whole.Length; at += 3)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << (at % 8));
            Folder.Write("x.parquet", damaged);
            try
            {
                await Open(new DatasetSpec { Path = "x.parquet" }, BadRecords.LeaveOut);
            }
            catch (Errors.InputException)
            {
                refused++;
            }
        }

        Assert.True(refused > 20, $"only {refused} were refused");
    }

    private async Task Write<T>(string name, IEnumerable<T> rows, int rowsPerGroup = 1000)
        where T : class, new()
    {
        using var memory = new MemoryStream();
        await ParquetSerializer.SerializeAsync(rows, memory, new ParquetOptions { RowGroupSize = rowsPerGroup }, cancellationToken: Token);
        Folder.Write(name, memory.ToArray());
    }

#pragma warning disable IDE1006, SA1300 // names are the columns'
    private sealed class Flat
    {
        public long id { get; set; }

        public string? image { get; set; }

        public string? caption { get; set; }

        public string? long_caption { get; set; }

        public double? score { get; set; }

        public string? split { get; set; }
    }

    private sealed class HuggingFace
    {
        public Embedded? image { get; set; }

        public List<string>? caption { get; set; }
    }

    private sealed class Embedded
    {
        public byte[]? bytes { get; set; }

        public string? path { get; set; }
    }

    private sealed class Img2Dataset
    {
        public string? key { get; set; }

        public string? caption { get; set; }

        public byte[]? jpg { get; set; }

        public string? status { get; set; }
    }
#pragma warning restore IDE1006, SA1300
}
