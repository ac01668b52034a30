using System.Text.Json;
using GmailCluster.Data.Json;
using GmailCluster.Errors;

namespace GmailCluster.Data.Images;

/// <summary>Reads preprocessor_config.json, or the image_processor of a processor_config.json.</summary>
internal static class ClipImageSettingsReader
{
    private const int LargestSide = 16_384;

    public static ClipImageSettings Read(string folder)
    {
        var (path, newer) = (Path.Combine(folder, "preprocessor_config.json"), Path.Combine(folder, "processor_config.json"));
        if (File.Exists(path))
        {
            using var file = JsonFile.Open(path);
            return Read(file.Root);
        }

        if (File.Exists(newer))
        {
            using var file = JsonFile.Open(newer);
            return Read(file.Root["image_processor"]);
        }

        throw new InputException(
            folder, "holds no preprocessor_config.json, which says how pictures are prepared for the model.",
            "Point at the folder that from_pretrained would load, or save the image processor there.");
    }

    public static ClipImageSettings Read(JsonSection root)
    {
        CheckType(root);
        var settings = new ClipImageSettings();
        var size = root.Find("size");
        var crop = root.Find("crop_size");
        settings = settings with
        {
            DoResize = root.Find("do_resize").AsBoolean(settings.DoResize),
            DoCenterCrop = root.Find("do_center_crop").AsBoolean(settings.DoCenterCrop),
            DoRescale = root.Find("do_rescale").AsBoolean(settings.DoRescale),
            DoNormalize = root.Find("do_normalize").AsBoolean(settings.DoNormalize),
            Resample = ReadFilter(root.Find("resample"), settings.Resample),
            RescaleFactor = root.Find("rescale_factor") is { IsNull: false } factor ? factor.AsNumber() : settings.RescaleFactor,
            ImageMean = ReadChannels(root.Find("image_mean"), settings.ImageMean),
            ImageStd = ReadChannels(root.Find("image_std"), settings.ImageStd),
            CropSize = crop.IsNull ? settings.CropSize : ReadSquareOrSides(crop),
        };
        if (settings.ImageStd.Any(value => value <= 0))
        {
            throw root.Find("image_std").Error("should hold numbers over 0.");
        }

        settings = size.IsNull ? settings : ReadSize(size, settings);
        return settings.DoCenterCrop || (settings.DoResize && settings.ResizeTo is not null)
            ? settings
            : throw root.Error(
                "neither crops (do_center_crop) nor resizes to a fixed height and width, so pictures would differ in size.",
                "Set do_center_crop and crop_size.");
    }

    private static void CheckType(JsonSection root)
    {
        var key = root.Find("image_processor_type") is { IsNull: false } ? "image_processor_type" : "feature_extractor_type";
        var type = root.Find(key).AsStringOrNull() ?? "CLIPImageProcessor";
        if (type is not ("CLIPImageProcessor" or "CLIPImageProcessorFast" or "CLIPImageProcessorPil" or "CLIPFeatureExtractor"))
        {
            throw root.Find(key).Error(
                $"names the image processor '{type}', which is not supported.", "Use a model with CLIP's image processor.");
        }
    }

    private static ClipImageSettings ReadSize(JsonSection size, ClipImageSettings settings)
    {
        if (size.Kind is JsonValueKind.Number)
        {
            return settings with { ShortestEdge = ReadSide(size) }; // files older than transformers 4.23
        }

        var shortest = size.Find("shortest_edge");
        return shortest.IsNull
            ? settings with { ShortestEdge = null, ResizeTo = (ReadSide(size["height"]), ReadSide(size["width"])) }
            : settings with { ShortestEdge = ReadSide(shortest) };
    }

    private static (int Height, int Width) ReadSquareOrSides(JsonSection section)
    {
        if (section.Kind is not JsonValueKind.Number)
        {
            return (ReadSide(section["height"]), ReadSide(section["width"]));
        }

        var side = ReadSide(section);
        return (side, side);
    }

    private static int ReadSide(JsonSection section) =>
        section.AsCount() is >= 1 and <= LargestSide and var side
            ? side
            : throw section.Error($"is {section.Seen()} pixels, outside 1..{LargestSide}.");

    private static ResampleFilter ReadFilter(JsonSection section, ResampleFilter orDefault)
    {
        if (section.IsNull)
        {
            return orDefault;
        }

        var filter = (ResampleFilter)section.AsCount();
        return Enum.IsDefined(filter)
            ? filter
            : throw section.Error($"should be one of Pillow's filters, 0 to 5, and is {section.Seen()}.");
    }

    private static IReadOnlyList<double> ReadChannels(JsonSection section, IReadOnlyList<double> orDefault)
    {
        if (section.IsNull)
        {
            return orDefault;
        }

        double[] values = [.. section.Items().Take(4).Select(item => item.AsNumber())];
        return values.Length == 3 ? values : throw section.Error("should hold three numbers, for red, green and blue.");
    }
}
