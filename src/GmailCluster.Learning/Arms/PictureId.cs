using System.Globalization;

namespace GmailCluster.Learning.Arms;

/// <summary>How a picture is named in features: <c>caption</c> when it is real, <c>caption#k</c> when it is generated.</summary>
public static class PictureId
{
    private const char Mark = '#';

    /// <summary>The name of image k of a caption.</summary>
    public static string Generated(string captionId, int k) => string.Create(CultureInfo.InvariantCulture, $"{captionId}{Mark}{k}");

    /// <summary>The caption that a picture belongs to.</summary>
    public static string CaptionOf(string pictureId)
    {
        ArgumentNullException.ThrowIfNull(pictureId);
        var at = pictureId.LastIndexOf(Mark);
        return at >= 0 && int.TryParse(pictureId.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _) ? pictureId[..at] : pictureId;
    }
}
