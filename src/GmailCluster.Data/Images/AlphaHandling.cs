namespace GmailCluster.Data.Images;

/// <summary>What becomes of transparency when a picture is decoded to RGB.</summary>
public enum AlphaHandling
{
    /// <summary>Laid over white with Pillow's <c>alpha_composite</c>: what the references of CLIPImageProcessor hold.</summary>
    OverWhite,

    /// <summary>Left out, with the colours as stored: Pillow's <c>convert("RGB")</c>.</summary>
    Drop,
}
