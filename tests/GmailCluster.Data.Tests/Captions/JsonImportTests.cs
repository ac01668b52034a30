using GmailCluster.Specs;

namespace GmailCluster.Data.Tests.Captions;

/// <summary>COCO, Karpathy and LLaVA: one JSON file each.</summary>
public sealed class JsonImportTests : ImportTest
{
    // As captions_val2017.json begins, its members in their order.
    private const string Coco =
        """
        {"info": {"description": "COCO 2017 Dataset","url": "http://cocodataset.org","version": "1.0","year": 2017,"contributor": "COCO Consortium","date_created": "2017/09/01"},
         "licenses": [{"url": "http://creativecommons.org/licenses/by-nc-sa/2.0/","id": 1,"name": "Attribution-NonCommercial-ShareAlike License"}],
         "images": [{"license": 4,"file_name": "000000397133.jpg","coco_url": "http://images.cocodataset.org/val2017/000000397133.jpg","height": 427,"width": 640,"date_captured": "2013-11-14 17:02:52","flickr_url": "http://farm7.staticflickr.com/6116/6255196340_da26cf2c9e_z.jpg","id": 397133},
                    {"license": 1,"file_name": "000000037777.jpg","coco_url": "http://images.cocodataset.org/val2017/000000037777.jpg","height": 230,"width": 352,"date_captured": "2013-11-14 20:55:31","flickr_url": "http://farm9.staticflickr.com/8429/7839199426_f6d48aa585_z.jpg","id": 37777}],
         "annotations": [{"image_id": 37777,"id": 38,"caption": "A small kitchen with low ceiling"},
                         {"image_id": 397133,"id": 49,"caption": "A man is in a kitchen making pizzas."},
                         {"image_id": 397133,"id": 57,"caption": "Man in apron standing on front of oven with pans and bakeware\n"}]}
        """;

    // As dataset_coco.json has them; Flickr30k's and Flickr8k's lack filepath and cocoid.
    private const string Karpathy =
        """
        {"images": [
          {"filepath": "val2014", "sentids": [770337, 771687], "filename": "COCO_val2014_000000391895.jpg", "imgid": 0, "split": "test",
           "sentences": [{"tokens": ["a", "man"], "raw": "A man with a red helmet.", "imgid": 0, "sentid": 770337},
                         {"tokens": ["a", "man"], "raw": "Man riding a motor bike. ", "imgid": 0, "sentid": 771687}], "cocoid": 391895},
          {"filepath": "val2014", "sentids": [1], "filename": "COCO_val2014_000000060623.jpg", "imgid": 1, "split": "restval",
           "sentences": [{"tokens": ["a"], "raw": "A young girl.", "imgid": 1, "sentid": 1}], "cocoid": 60623},
          {"filepath": "train2014", "sentids": [2], "filename": "COCO_train2014_000000005.jpg", "imgid": 2, "split": "train",
           "sentences": [{"tokens": ["a"], "raw": "A train.", "imgid": 2, "sentid": 2}], "cocoid": 5}],
         "dataset": "coco"}
        """;

    // As blip_laion_cc_sbu_558k.json and llava_instruct_150k.json have them.
    private const string Llava =
        """
        [{"id": "004539375", "image": "00453/004539375.jpg",
          "conversations": [{"from": "human", "value": "Render a clear and concise summary of the photo.\n<image>"},
                            {"from": "gpt", "value": "select luxury furniture 3 - inch gel memory foam mattress topper"}]},
         {"id": "000000033471", "image": "000000033471.jpg",
          "conversations": [{"from": "human", "value": "<image>\nWhat are the colors of the bus in the image?"},
                            {"from": "gpt", "value": "The bus in the image is white and red."},
                            {"from": "human", "value": "What feature can be seen on the back of the bus?"},
                            {"from": "gpt", "value": "The back of the bus features an advertisement."}]}]
        """;

    [Fact]
    public async Task Coco_gives_every_image_its_captions()
    {
        Folder.Write("annotations/captions_val2017.json", Coco);
        Folder.Write("val2017/000000397133.jpg", Pictures.Jpeg(1));
        Folder.Write("val2017/000000037777.jpg", Pictures.Jpeg(2));

        var data = await Open(new DatasetSpec { Path = "annotations/captions_val2017.json", Images = "val2017" });

        Assert.Equal(DatasetFormat.Coco, data.Report.Format);
        Assert.Equal(["397133", "37777"], data.Samples.Select(s => s.Id));
        Assert.Equal(
            ["A man is in a kitchen making pizzas.", "Man in apron standing on front of oven with pans and bakeware"], data.Samples[0].Captions);
        Assert.Equal(("640", "000000397133.jpg"), (data.Samples[0].Fields["width"], data.Samples[0].Fields["file_name"]));
        Assert.Equal("1, 2", await Marks(data));
        Assert.Equal((5, 2, 3), (data.Report.RecordCount, data.Report.SampleCount, data.Report.CaptionCount));
    }

    [Fact]
    public async Task Coco_s_bad_records_are_listed()
    {
        Folder.Write("a.jpg", Pictures.Jpeg(1));
        Folder.Write(
            "c.json",
            """
            {"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "gone.jpg"}, {"id": 3, "file_name": "a.jpg"}, {"file_name": "a.jpg"},
                        {"id": 1, "file_name": "a.jpg"}, 7, {"id": 4}, {"id": "\ud800"}],
             "annotations": [{"image_id": 1, "caption": "x"}, {"image_id": 9, "caption": "x"}, {"caption": "x"}, {"image_id": 1}, {"image_id": 2, "caption": "x"},
                             {"image_id": 4, "caption": "x"}, {"image_id": 1, "caption": ["x"]}]}
            """);

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "c.json" });

        Assert.Equal("1", Assert.Single(data.Samples).Id);
        Assert.Equal(
            [
                "annotations[1], image_id: 9 is not among the images.",
                "annotations[2], image_id: is missing.",
                "annotations[3], caption: is empty.",
                "annotations[6], caption: is not a text.",
                $"images[1], file_name: '{Path.Combine(Folder.Path, "gone.jpg")}' does not exist.",
                "images[2], id: 3 has no captions.",
                "images[3], id: is missing.",
                "images[4], id: '1' was used before.",
                "images[5], id: is missing.",
                "images[6], file_name: names no picture.",
                "images[7], id: is not valid Unicode.",
            ],
            problems);
    }

    [Fact]
    public async Task Karpathy_s_coco_gives_the_split_that_is_asked_for()
    {
        Folder.Write("dataset_coco.json", Karpathy);
        Folder.Write("coco/val2014/COCO_val2014_000000391895.jpg", Pictures.Jpeg(1));
        Folder.Write("coco/val2014/COCO_val2014_000000060623.jpg", Pictures.Jpeg(2));
        Folder.Write("coco/train2014/COCO_train2014_000000005.jpg", Pictures.Jpeg(3));

        var test = await Open(new DatasetSpec { Path = "dataset_coco.json", Images = "coco", Split = "test" });
        var train = await Open(new DatasetSpec { Path = "dataset_coco.json", Images = "coco", Split = "train+restval" });
        var all = await Open(new DatasetSpec { Path = "dataset_coco.json", Images = "coco" });

        Assert.Equal(DatasetFormat.Karpathy, test.Report.Format);
        var sample = Assert.Single(test.Samples);
        Assert.Equal(("391895", "test"), (sample.Id, sample.Split));
        Assert.Equal(["A man with a red helmet.", "Man riding a motor bike."], sample.Captions);
        Assert.Equal(1, await Mark(sample));
        Assert.Equal(2, test.Report.LeftOut["of other splits"]);
        Assert.Equal(["60623", "5"], train.Samples.Select(s => s.Id));
        Assert.Equal(3, all.Samples.Count);
        Assert.Contains("restval, test, train", (await Refusal(new DatasetSpec { Path = "dataset_coco.json", Images = "coco", Split = "dev" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Karpathy_s_flickr30k_has_no_folders_and_bad_records_are_listed()
    {
        Folder.Write("1000092795.jpg", Pictures.Jpeg(1));
        Folder.Write(
            "dataset_flickr30k.json",
            """
            {"images": [
              {"sentids": [0], "imgid": 0, "sentences": [{"tokens": ["two"], "raw": "Two young guys with shaggy hair.", "imgid": 0, "sentid": 0}], "split": "train", "filename": "1000092795.jpg"},
              {"imgid": 1, "sentences": [], "split": "train", "filename": "1000092795.jpg"},
              {"imgid": 2, "sentences": [{"tokens": ["a"]}], "split": "train", "filename": "1000092795.jpg"},
              {"imgid": 3, "split": "train", "filename": "1000092795.jpg"},
              {"imgid": 4, "sentences": [{"raw": "x"}], "split": "train"},
              {"imgid": 5, "sentences": [{"raw": "x"}], "filename": "1000092795.jpg"}],
             "dataset": "flickr30k"}
            """);

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "dataset_flickr30k.json", Split = "train" });

        Assert.Equal("0", Assert.Single(data.Samples).Id);
        Assert.Equal(
            [
                "images[1], sentences: is empty.", "images[2], sentences: is empty.", "images[3], sentences: is missing or not a list.",
                "images[4], filename: is missing.", "images[5], split: names no split, and the spec asks for one.",
            ],
            problems);
    }

    [Fact]
    public async Task Llava_s_first_answer_is_the_caption_and_the_conversation_is_kept()
    {
        Folder.Write("chat.json", Llava);
        Folder.Write("images/00453/004539375.jpg", Pictures.Jpeg(1));
        Folder.Write("images/000000033471.jpg", Pictures.Jpeg(2));

        var data = await Open(new DatasetSpec { Path = "chat.json", Images = "images" });

        Assert.Equal(DatasetFormat.Llava, data.Report.Format);
        Assert.Equal(["004539375", "000000033471"], data.Samples.Select(s => s.Id));
        Assert.Equal("The bus in the image is white and red.", data.Samples[1].Captions.Single());
        using var turns = System.Text.Json.JsonDocument.Parse(data.Samples[1].Fields["conversations"]);
        Assert.Equal(4, turns.RootElement.GetArrayLength());
        Assert.Equal(2, await Mark(data.Samples[1]));
    }

    [Fact]
    public async Task Llava_s_bad_records_are_listed()
    {
        Folder.Write("a.jpg", Pictures.Jpeg(1));
        Folder.Write(
            "chat.json",
            """
            [{"id": "1", "image": "a.jpg", "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "fine"}]},
             {"id": "2", "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "x"}]},
             {"id": "3", "image": "a.jpg", "conversations": [{"from": "human", "value": "no marker"}, {"from": "gpt", "value": "x"}]},
             {"id": "4", "image": "a.jpg", "conversations": [{"from": "human", "value": "<image>"}]},
             {"id": "5", "image": "a.jpg", "conversations": [{"from": "gpt", "value": "x"}, {"from": "human", "value": "<image>"}]},
             {"id": "6", "image": "a.jpg", "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt"}]},
             {"id": "7", "image": "a.jpg", "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": " "}]},
             {"image": "a.jpg", "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "x"}]},
             "x"]
            """);

        var (data, problems) = await OpenWithProblems(new DatasetSpec { Path = "chat.json" });

        Assert.Equal("fine", Assert.Single(data.Samples).Captions.Single());
        Assert.Equal(
            [
                "[1], image: names no picture.",
                "[2], conversations: do not have <image> in the first turn.",
                "[3], conversations: are not alternating turns from human and gpt, beginning with human.",
                "[4], conversations: are not alternating turns from human and gpt, beginning with human.",
                "[5], conversations: have a turn without 'from' or 'value'.",
                "[6], conversations: is empty.",
                "[7], id: is empty.",
                "[8], conversations: is missing or not a list.",
            ],
            problems);
    }

    [Theory]
    [InlineData("{\"images\": [1, 2")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{\"images\": {}, \"annotations\": []}")]
    [InlineData("")]
    public async Task Json_of_no_known_layout_is_refused(string json)
    {
        Folder.Write("x.json", json);

        await Refusal(new DatasetSpec { Path = "x.json" });
        await Refusal(new DatasetSpec { Path = "x.json", Format = DatasetFormat.Coco });
        await Refusal(new DatasetSpec { Path = "x.json", Format = DatasetFormat.Karpathy });
        await Refusal(new DatasetSpec { Path = "x.json", Format = DatasetFormat.Llava });
    }

    [Fact]
    public async Task Every_file_cut_short_is_refused_and_none_crashes()
    {
        foreach (var (name, text) in new[] { ("coco", Coco), ("karpathy", Karpathy), ("llava", Llava) })
        {
            for (var length = 0; length < text.TrimEnd().Length; length += 7)
            {
                Folder.Write($"{name}.json", text[..length]);
                await Refusal(new DatasetSpec { Path = $"{name}.json" });
            }
        }
    }
}
